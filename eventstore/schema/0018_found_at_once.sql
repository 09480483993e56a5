-- What a task or a notice says, and what happened to units, found without reading whole streams or the log.
-- Compatible: indexes that only those who know them use.

-- The text of a task or a notice by its id, which stands between the third and the fourth quote, {"task":"guide",
-- since the stored text begins with it. Not by an operator of json: that refuses texts an old log may hold.
-- eventstore/queries/wordings.py asks in the same words.
CREATE INDEX event_wording ON muster.event (stream, type, split_part(data::text, '"', 4), version)
    WHERE type IN ('TaskAssigned', 'NoticeDrafted');

-- The events of units, in their order. projections/queries/fleet.py asks in the same words.
CREATE INDEX event_unit ON muster.event (position) WHERE stream >= 'unit/' AND stream < 'unit0';
