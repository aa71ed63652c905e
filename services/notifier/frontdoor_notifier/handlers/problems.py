"""What an operator's request can fail with."""

from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import PROBLEMS


class NoSuchDeskError(ProblemError):
    """The directory has no such desk."""

    kind = PROBLEMS["no-such-desk"]


class NoSuchEndpointError(ProblemError):
    """The desk has no endpoint: its inbox serves it."""

    kind = PROBLEMS["no-such-endpoint"]


class NoSuchDeliveryError(ProblemError):
    """Nothing was filed under this id, or it was removed since."""

    kind = PROBLEMS["no-such-delivery"]


class NotADeadLetterError(ProblemError):
    """It is on its way, has arrived, or was taken back."""

    kind = PROBLEMS["not-a-dead-letter"]


class BadEndpointError(ProblemError):
    """The address or the secret is not one that webhooks can be sent with."""

    kind = PROBLEMS["bad-endpoint"]
