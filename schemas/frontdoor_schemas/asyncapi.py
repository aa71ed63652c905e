"""The AsyncAPI document of the bus: topics, keys, headers, and who writes and reads them."""

from typing import Any

from frontdoor_schemas.topics import (
    CLOUD_EVENTS,
    FAMILIES,
    FAMILY,
    HEADER_CONTENT_TYPE,
    HEADER_SIGNATURE,
    HEADER_WRITER,
    RECEIPTS,
    to_gateway,
    type_name,
)
from frontdoor_schemas.vocabulary import EventType

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
KAFKA_BINDING = "0.5.0"
GATEWAYS = "to-gateway"

_Object = dict[str, Any]


def document() -> _Object:
    """The whole document, with payloads as references to the generated JSON Schemas."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Frontdoor bus",
            "version": "1.0.0",
            "description": (
                "What the services send one another. Nothing personal is in a topic, key or header. "
                "Order between topics is not given: an event carries `after` and `cause`, and the router waits for both."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": _family_channels() | _other_channels(),
        "operations": _operations(),
        "components": {
            "messages": {
                "submitted": _message("One event as its gateway accepted it", "record.submitted", "The thread: id of the case chain"),
                "toGateway": _message("A delivery, recall, reminder or ledger update", "record.to-gateway", "The desk: agency.desk"),
                "receipts": _message("How far disclosures have got", "record.receipts", "The desk: agency.desk"),
            },
            "messageTraits": {"signed": {"headers": {"$ref": "#/components/schemas/headers"}}},
            "schemas": {"headers": _headers()},
        },
    }


def _family_channels() -> _Object:
    return {
        family: {
            "address": family,
            "description": "Events of these types: " + ", ".join(t.value for t in EventType if FAMILY[t] == family),
            "messages": {"submitted": {"$ref": "#/components/messages/submitted"}},
        }
        for family in FAMILIES
    }


def _other_channels() -> _Object:
    return {
        GATEWAYS: {
            "address": to_gateway("{gateway}"),
            "description": "Everything for the desks of one gateway. Read by that gateway and the notifier alone, written by the router.",
            "parameters": {"gateway": {"description": "Name of the gateway, as the partnership pack gives it"}},
            "messages": {"toGateway": {"$ref": "#/components/messages/toGateway"}},
        },
        RECEIPTS: {
            "address": RECEIPTS,
            "description": "How far disclosures have got, from gateways and notifier.",
            "messages": {"receipts": {"$ref": "#/components/messages/receipts"}},
        },
    }


def _message(summary: str, schema: str, key: str) -> _Object:
    return {
        "summary": summary,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/signed"}],
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"json/{schema}.json"}},
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": KAFKA_BINDING}},
    }


def _headers() -> _Object:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "CloudEvents 1.0 attributes (Kafka binding, binary mode) and the writer's signature.",
        "required": [HEADER_WRITER, HEADER_SIGNATURE, *(CLOUD_EVENTS + name for name in ("specversion", "id", "type", "source"))],
        "properties": {
            HEADER_WRITER: {**text, "description": "Name of the writing service: a gateway, `router` or `notifier`"},
            HEADER_SIGNATURE: {**text, "description": "HMAC-SHA256 over topic, key and value under the writer's key"},
            CLOUD_EVENTS + "specversion": {**text, "const": "1.0"},
            CLOUD_EVENTS + "id": {**text, "description": "Id of the event, the disclosure, or the record; unique with the source"},
            CLOUD_EVENTS + "type": {**text, "examples": [type_name(EventType.referral)]},
            CLOUD_EVENTS + "source": {
                **text,
                "description": "The writing service. Never the source desk: where a case is protected, that says too much",
            },
            CLOUD_EVENTS + "time": {**text, "format": "date-time"},
            HEADER_CONTENT_TYPE: {**text, "const": "application/json"},
        },
    }


def _operations() -> _Object:
    sides: list[tuple[str, str, str]] = []
    for family in FAMILIES:
        sides += [("gateway-publishes", "send", family), ("router-decides", "receive", family)]
    sides += [("router-tells", "send", GATEWAYS), ("gateway-files", "receive", GATEWAYS), ("notifier-delivers", "receive", GATEWAYS)]
    sides += [("gateway-reports", "send", RECEIPTS), ("notifier-reports", "send", RECEIPTS)]
    sides += [("router-accounts", "receive", RECEIPTS), ("notifier-notes", "receive", RECEIPTS)]
    return {f"{who}-{channel}": {"action": action, "channel": {"$ref": f"#/channels/{channel}"}} for who, action, channel in sides}
