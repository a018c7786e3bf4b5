"""card.md: complete, escaped, and no number without its interval."""

from unit.render.made_reports import BAD, number
from vesale.core.model import Card
from vesale.render.card_page import card_markdown
from vesale.render.documents import card_document


def card(**changes):
    made = {
        "name": "vessels",
        "version": "1",
        "digest": "ab",
        "cohort": {"subjects": 20, "exams": 21, "split_by_subject": False},
        "intended_use": f"Research {BAD}",
        "limits": ("One camera | one site",),
        "measures": {"mask": {"dice": number("dice", 0.8213, 0.8121, 0.8302), "hd95_mm": number("hd95_mm", None)}},
        "training": {"seconds": 1520.0, "steps": 2000, "machine": "2 cores", "gpu": None},
    }
    return Card(**(made | changes))


def test_every_number_has_its_interval_and_the_table_holds():
    text = card_markdown(card())
    rows = [row for row in text.splitlines() if row.startswith("| mask")]
    assert len(rows) == 2
    assert "0.821 [0.812\u20130.830; n" in rows[0]
    assert "not known" in rows[1]
    assert all(row.count(" | ") == 3 for row in rows)


def test_numbers_from_json_are_shown_as_numbers_from_memory():
    from_json = card(measures=card_document(card())["measures"])
    assert card_markdown(from_json) == card_markdown(card())


def test_text_of_users_is_not_markup():
    text = card_markdown(card(), {"Refer rule": "p > 0.9 <b>"})
    assert "<script" not in text.replace("\\<", "")
    assert "One camera \\| one site" in text
    assert "\\<b\\>" in text


def test_what_is_not_known_is_said():
    text = card_markdown(card(measures={}, limits=(), data="", cohort={}))
    assert text.count("not known") >= 5
    assert "nothing could be measured" in text


def test_the_card_speaks_french_and_counts_time():
    text = card_markdown(card(), language="fr").replace("\u00a0", " ")
    assert "Usage prévu" in text
    assert "25 min" in text
    assert "Séparé par sujet : non" in text
