"""Every view that there is."""

from __future__ import annotations

from projections import contacts, incidents, plans, units
from projections.view import View

VIEWS: tuple[View, ...] = (incidents.VIEW, units.VIEW, plans.VIEW, contacts.VIEW)
