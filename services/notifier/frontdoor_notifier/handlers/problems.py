"""What an operator's request can fail with."""

from typing import ClassVar

from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import ProblemType


class NotAnOperatorError(ProblemError):
    """No token, or none that is known."""

    kind: ClassVar[ProblemType] = ProblemType("not-an-operator", 401, "A token of an operator is needed: Authorization: Bearer …")


class NoSuchDeskError(ProblemError):
    """The directory has no such desk."""

    kind: ClassVar[ProblemType] = ProblemType("no-such-desk", 404, "There is no such desk")


class NoSuchEndpointError(ProblemError):
    """The desk has no endpoint: its inbox serves it."""

    kind: ClassVar[ProblemType] = ProblemType("no-such-endpoint", 404, "The desk has no endpoint")


class NoSuchDeliveryError(ProblemError):
    """Nothing was filed under this id, or it was removed since."""

    kind: ClassVar[ProblemType] = ProblemType("no-such-delivery", 404, "There is no such delivery")


class NotADeadLetterError(ProblemError):
    """It is on its way, has arrived, or was taken back."""

    kind: ClassVar[ProblemType] = ProblemType("not-a-dead-letter", 409, "There is no dead letter of this id to be sent again")


class BadEndpointError(ProblemError):
    """The address or the secret is not one that webhooks can be sent with."""

    kind: ClassVar[ProblemType] = ProblemType("bad-endpoint", 422, "Webhooks cannot be sent there")
