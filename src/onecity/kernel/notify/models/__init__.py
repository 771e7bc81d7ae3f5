"""Tables of what is told: the change feed for live pages, messages to people, and deliveries through channels."""

from onecity.kernel.notify.models.feed import FeedEvent, FeedFloor
from onecity.kernel.notify.models.message import Delivery, DeliveryStatus, Message

__all__ = ["Delivery", "DeliveryStatus", "FeedEvent", "FeedFloor", "Message"]
