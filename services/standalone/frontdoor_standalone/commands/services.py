"""`frontdoor gateway`, `frontdoor router`, `frontdoor notifier`: one service as a process of its own."""

from frontdoor_standalone import service_process
from frontdoor_standalone.commands.speaking import in_a_line


def gateway() -> None:
    """Run one gateway, settings from the environment (FRONTDOOR_GATEWAY_…), on Kafka.

    [dim]Example[/dim]

      FRONTDOOR_GATEWAY_NAME=police FRONTDOOR_GATEWAY_DSN=… FRONTDOOR_GATEWAY_PACK=… frontdoor gateway
    """
    with in_a_line():
        service_process.run_gateway()


def router() -> None:
    """Run the router, settings from the environment (FRONTDOOR_ROUTER_…), on Kafka.

    [dim]Example[/dim]

      FRONTDOOR_ROUTER_DSN=… FRONTDOOR_ROUTER_PACK=… frontdoor router
    """
    with in_a_line():
        service_process.run_router()


def notifier() -> None:
    """Run the notifier, settings from the environment (FRONTDOOR_NOTIFIER_…), on Kafka.

    [dim]Example[/dim]

      FRONTDOOR_NOTIFIER_DSN=… FRONTDOOR_NOTIFIER_PACK=… frontdoor notifier
    """
    with in_a_line():
        service_process.run_notifier()
