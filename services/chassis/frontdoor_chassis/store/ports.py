"""What core needs of a store: a transaction it can own without knowing SQL."""

from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Transactions(Protocol, Generic[T_co]):
    """Opens transactions; `T` is the set of repositories that a service works with inside one."""

    def begin(self) -> AbstractAsyncContextManager[T_co]:
        """Commit when the block ends, roll back when it raises."""
        ...


class FencedError(Exception):
    """The position moved under this consumer: another instance has taken over. Roll back and rewind."""
