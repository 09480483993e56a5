"""Plans drawn: pictures as data first, so that what is drawn can be tested, then as SVG."""
