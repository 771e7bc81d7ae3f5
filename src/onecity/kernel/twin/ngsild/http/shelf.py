"""Where fetched @context documents are kept until the database has a place for them: in this process."""

from collections.abc import Mapping

from onecity.kernel.twin.ngsild.context.resolving import Document

MOST = 200


class ProcessShelf:
    """Cached documents of one process."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    async def find(self, url: str) -> Document | None:
        """The document, None where it is not kept."""
        return self._documents.get(url)

    async def keep(self, url: str, document: Document) -> None:
        """Keep a fetched document."""
        if len(self._documents) >= MOST:
            self._documents.clear()
        self._documents[url] = document

    async def stamp(self) -> object:
        """Nobody else changes these."""
        return 0

    async def used(self, hits: Mapping[str, int]) -> None:
        """Uses are not counted here."""
