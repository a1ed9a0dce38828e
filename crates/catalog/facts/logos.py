#!/usr/bin/env python3
"""Draws public/logos/*.svg: a tile in the brand's colour with its mark, for each provider whose `logo` names one.

The marks are of the npm package simple-icons (CC0 1.0 for the set; the trademarks stay with their owners), unpacked in
the folder that SIMPLE_ICONS names. A file's name ends with a hash of its content, so it may be kept for ever;
`logo = "github"` in a provider's file becomes `logo = "github-1a2b3c4d"`.
"""
import hashlib
import json
import os
import pathlib
import re

ICONS = pathlib.Path(os.environ['SIMPLE_ICONS'])
ROOT = pathlib.Path(__file__).parents[3]
PROVIDERS, LOGOS = ROOT / 'crates/catalog/providers', ROOT / 'public/logos'

found = json.loads((ICONS / 'data/simple-icons.json').read_text())
COLOURS = {}
for icon in found if isinstance(found, list) else found['icons']:
    slug = icon.get('slug') or re.sub('[^a-z0-9]', '', icon['title'].lower().replace('+', 'plus').replace('.', 'dot').replace('&', 'and'))
    COLOURS[slug] = icon['hex']


def ink_on(colour):
    """As the pages choose it for monograms."""
    red, green, blue = (int(colour[at:at + 2], 16) for at in (0, 2, 4))
    return '#111' if red * 299 + green * 587 + blue * 114 > 130_000 else '#fff'


def tile(slug):
    path = re.search(r'<path d="([^"]+)"', (ICONS / f'icons/{slug}.svg').read_text())[1]
    colour = COLOURS[slug]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#{colour}"/>'
        f'<path transform="translate(6.4 6.4) scale(.8)" fill="{ink_on(colour)}" d="{path}"/></svg>\n'
    )


LOGOS.mkdir(exist_ok=True)
used = set()
for file in sorted(PROVIDERS.glob('*.toml')):
    text = file.read_text()
    named = re.search(r'^logo = "([a-z0-9]+)(?:-[0-9a-f]{8})?"$', text, re.M)
    if not named:
        continue
    drawn = tile(named[1])
    name = f'{named[1]}-{hashlib.sha256(drawn.encode()).hexdigest()[:8]}'
    (LOGOS / f'{name}.svg').write_text(drawn)
    used.add(f'{name}.svg')
    file.write_text(text.replace(named[0], f'logo = "{name}"'))
for file in LOGOS.iterdir():
    if file.name not in used:
        file.unlink()
print(len(used), 'logos')
