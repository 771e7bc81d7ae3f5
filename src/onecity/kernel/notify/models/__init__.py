"""Tables of what is told: the change feed for live pages, messages to people, and deliveries through channels."""

from onecity.kernel.notify.models.feed import FeedEvent, FeedFloor

__all__ = ["FeedEvent", "FeedFloor"]
