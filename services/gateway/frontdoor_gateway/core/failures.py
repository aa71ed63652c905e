"""Every failure that the gateway answers, one class each, of a type that the contract knows."""

from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import PROBLEMS, field_error


class UnauthenticatedError(ProblemError):
    """No key, or not a good one. The same answer for every reason."""

    kind = PROBLEMS["unauthenticated"]

    def __init__(self) -> None:
        super().__init__(headers={"www-authenticate": "Bearer"})


class NotYourDeskError(ProblemError):
    """A desk's inbox is for its own key."""

    kind = PROBLEMS["not-your-desk"]


class TypeNotAllowedError(ProblemError):
    """The agency does not publish events of this type."""

    kind = PROBLEMS["type-not-allowed"]


class UnknownEventError(ProblemError):
    """No such event, or not the caller's: the two are not told apart."""

    kind = PROBLEMS["unknown-event"]


class NotHereError(ProblemError):
    """No such disclosure in the caller's inbox."""

    kind = PROBLEMS["not-found"]


class SameIdError(ProblemError):
    """The sender's id was used before, for something else."""

    kind = PROBLEMS["same-id-other-body"]


class TooLargeError(ProblemError):
    """Larger than an event may be, on the way in or as a record."""

    kind = PROBLEMS["too-large"]


class TooManyError(ProblemError):
    """More items than one request may carry."""

    kind = PROBLEMS["too-many-items"]


class MediaTypeError(ProblemError):
    """Neither JSON nor one of the CloudEvents media types."""

    kind = PROBLEMS["media-type"]


class UnreadableEventError(ProblemError):
    """The event breaks the contract: what is named in `errors`, by field and rule."""

    kind = PROBLEMS["unreadable"]


UNKNOWN_EVENT = "unknown_event"
NOT_OWN = "not_own_event"


def unknown_origin(rule: str) -> UnreadableEventError:
    """An answer to what the caller does not have. Whether such an event exists elsewhere is not said."""
    return UnreadableEventError(errors=[field_error("/in_reply_to", rule)])


class UnreadableCursorError(ProblemError):
    """Not a cursor that this inbox gave out."""

    kind = PROBLEMS["unknown-cursor"]


class TooFastError(ProblemError):
    """This key's share is used up for the moment."""

    kind = PROBLEMS["too-fast"]

    def __init__(self, seconds: float) -> None:
        super().__init__(headers={"retry-after": str(max(1, round(seconds + 0.5)))})


class TooManyQuestionsError(ProblemError):
    """The desk has asked as often as the pack lets it."""

    kind = PROBLEMS["too-many-questions"]

    def __init__(self, seconds: float) -> None:
        super().__init__(headers={"retry-after": str(max(1, round(seconds + 0.5)))})


class OverloadedError(ProblemError):
    """More is waiting to be stored than can be kept in memory."""

    kind = PROBLEMS["overloaded"]

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})


class NotStoredError(ProblemError):
    """The event was not stored."""

    kind = PROBLEMS["not-stored"]

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})


class OutcomeUnknownError(ProblemError):
    """The connection was lost while storing: it may or may not be stored. Posting again with the same id settles it."""

    kind = PROBLEMS["outcome-unknown"]

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})


class ClosingError(ProblemError):
    """This process is shutting down."""

    kind = PROBLEMS["closing"]

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})


class UnavailableError(ProblemError):
    """The store was not reached for a question."""

    kind = PROBLEMS["unavailable"]

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})
