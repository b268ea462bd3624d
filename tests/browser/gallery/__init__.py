"""The gallery: one small module of each kind, and what has to be seen of it in the panel."""

from tests.browser.gallery import media, numbers, pictures, texts

EXHIBITS = (*texts.EXHIBITS, *pictures.EXHIBITS, *media.EXHIBITS, *numbers.EXHIBITS)
