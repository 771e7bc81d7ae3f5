"""Every table of the domain, where Django looks for them."""

from onecity.domains.services.items.models import ItemVersion, ServiceItem

__all__ = ["ItemVersion", "ServiceItem"]
