"""Every view that there is."""

from __future__ import annotations

from projections.view import View
from projections.views import contacts, incidents, plans, units

VIEWS: tuple[View, ...] = (incidents.VIEW, units.VIEW, plans.VIEW, contacts.VIEW)
