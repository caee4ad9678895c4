"""The papers' files: the shipped ones fit the pipeline, grids unfold, and every mistake is one line that names its place."""

import pytest
import yaml

from semcom_lib import paths
from semcom_lib.ledger import reference

SHIPPED = sorted(path.stem for path in (paths.ROOT / "reference").glob("*.yaml"))
STAGES = yaml.safe_load((paths.ROOT / "dvc.yaml").read_text())["stages"]
FILE = """
paper: paper
title: A paper
values:
  weights: {value: 12, place: Table I}
exhibits:
  fig01: {title: "Fig. 1", report: paper/1.ipynb}
claims:
  - claim: first
    title: Ours is better
    exhibit: fig01
    place: Sec. I
    quote: better
    paper_value: weights
    table: a.csv
    measure: difference
    of: {system: ours}
    than: {system: theirs}
    expect: {above: 0}
"""


@pytest.fixture
def load(monkeypatch, tmp_path):
    """(text) -> the Reference that it is."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)

    def load(text):
        paths.write_text(tmp_path / "reference" / "paper.yaml", text)
        return reference.load_reference("paper")

    return load


def outs(stage):
    return {out if isinstance(out, str) else next(iter(out)) for out in STAGES[stage].get("outs", [])}


@pytest.mark.parametrize("paper", SHIPPED)
def test_a_shipped_file_shows_what_the_pipeline_makes(paper):
    shipped = reference.load_reference(paper)
    made = set.union(*map(outs, STAGES))
    for exhibit in shipped.exhibits.values():
        shown = {f"reports/{path}" for path in (exhibit.report, exhibit.figure) if path}
        assert shown <= made, f"no stage makes {shown - made}"
    assert {claim.exhibit for claim in shipped.claims} == set(shipped.exhibits)


@pytest.mark.parametrize("paper", SHIPPED)
def test_the_claims_stage_depends_on_every_table_that_judges(paper):
    tables = {f"results/{paper}/{claim.table}" for claim in reference.load_reference(paper).claims if claim.table}
    tables = {table.replace(f"{paper}/../", "") for table in tables}
    assert tables | {f"reference/{paper}.yaml"} <= set(STAGES[f"{paper}_claims"]["deps"])
    assert {f"reference/{paper}.yaml", f"reports/{paper}/claims.csv"} <= set(STAGES["claims_ledger"]["deps"])


def systems(conditions):
    """The systems that conditions name."""
    return {value for condition in conditions if condition.column == "system" for value in condition.operand}


def test_no_statement_of_l_deepsc_on_chains_that_code_letters_lacks_the_one_that_codes_words():
    """The learned systems share a vocabulary with their receiver; a chain that has no such knowledge is no measure of them."""
    claims = [claim for claim in reference.load_reference("l_deepsc").claims if claim.table == "fading.csv"]
    learned = [
        claim for claim in claims if systems(claim.than) and not any("huffman" in name for name in systems(claim.of))
    ]
    against_letters = [claim for claim in learned if any("huffman" in name for name in systems(claim.than))]
    assert len(against_letters) == 6
    for claim in against_letters:
        beside = [other for other in learned if other.of == claim.of and other.where == claim.where]
        assert any("word_ldpc" in systems(other.than) for other in beside), claim.claim


def test_what_l_deepsc_has_alike_needs_the_whole_interval():
    """Scores without draws (Table II prints one number a cell) and what follows from counts are judged by the estimate."""
    for claim in reference.load_reference("l_deepsc").claims:
        compared = claim.measure != "value" and not claim.out_of_reach
        assert claim.certain == compared, claim.claim
        assert bool(claim.by_construction) == (claim.column in ("psi", "kept", "num_weights", "weights_mib")), (
            claim.claim
        )


@pytest.mark.parametrize("channel", ["rician", "rayleigh"])
def test_what_l_deepsc_says_of_low_snr_is_judged_by_bleu_4_too(channel):
    claims = {claim.claim: claim for claim in reference.load_reference("l_deepsc").claims}
    low = [name for name in claims if name.endswith(f"at_low_snr_{channel}")]
    assert len(low) == 3
    for name in low:
        by_four = claims.get(name.replace("low_snr", "low_snr_bleu_4"))
        assert systems(claims[name].than) == {"floor"} or [str(c) for c in by_four.where if c.column == "metric"] == [
            "metric bleu_4"
        ]


def test_table_ii_of_l_deepsc_is_there_whole_and_its_ratios_are_those_of_eq_25():
    claims = {claim.claim: claim for claim in reference.load_reference("l_deepsc").claims}
    for gamma in (0, 0.3, 0.6, 0.9, 0.95):
        for bits in (4, 8, 12, 16, 32):
            ratio = claims[f"table2_psi_g{gamma}_m{bits}"]
            assert ratio.expect.holds(32 / ((1 - gamma) * bits))
            assert ratio.quote == f"γ = {gamma}, m = {bits}: ψ = {ratio.paper_value}"
            assert 0.77 < claims[f"table2_bleu_g{gamma}_m{bits}"].paper_value < 0.92
    assert claims["table2_bleu_g0.9_m8"].paper_value == 0.895306


def test_a_file_is_read(load):
    read = load(FILE)
    (claim,) = read.claims
    assert read.values["weights"] == reference.Value(12, "Table I")
    assert (claim.claim, claim.paper_value, claim.measure, claim.column, claim.points) == (
        *("first", 12, "difference", "value", "all"),
    )
    assert read.claims_of("fig01") == read.claims_of(None) == (claim,)
    with pytest.raises(ValueError, match=r"reference/paper.yaml: exhibit 'fig02' is unknown; one of: fig01"):
        read.claims_of("fig02")


def test_names_are_read_for_columns_and_for_values_of_every_kind(load):
    names = load(
        FILE + "columns: {snr_db: SNR}\nnames: {system: {ours: Ours}, tuned: {true: tuned, false: as it is}}\n"
    ).names
    assert (names.column("snr_db"), names.column("bits")) == ("SNR", "bits")
    assert (names.value("system", "ours"), names.value("tuned", False)) == ("Ours", "as it is")
    assert load(FILE).names.value("system", "ours") == "system ours"


@pytest.mark.parametrize("paper", SHIPPED)
def test_every_column_value_that_a_shipped_rule_asks_for_by_name_has_one(paper):
    """A reader is told of systems, channels and metrics by their names."""
    shipped = reference.load_reference(paper)
    conditions = [condition for claim in shipped.claims for condition in claim.of + claim.than + claim.where]
    texts = {
        (condition.column, value)
        for condition in conditions
        if condition.kind == "is"
        for value in condition.operand
        if not isinstance(value, int | float) or isinstance(value, bool)
    }
    assert texts
    assert [pair for pair in texts if pair[1] not in shipped.names.of(pair[0])] == []
    assert all(len(claim.title) <= 80 for claim in shipped.claims)


def test_a_grid_is_a_claim_a_cell(load):
    text = FILE.replace("claim: first", 'claim: "x{g}_{m}"').replace("quote: better", 'quote: "{g}: {paper_value}"')
    text = text.replace("title: Ours is better", 'title: "At {g} and {m}"')
    text = text.replace("table: a.csv", 'table: a.csv\n    cause: "reading: of {g} at {m}."')
    text = text.replace("paper_value: weights", "grid: {g: [0, 0.5], m: [a, b], paper_value: [[1, 2], [3, 4]]}")
    claims = load(text).claims
    assert [claim.claim for claim in claims] == ["x0_a", "x0_b", "x0.5_a", "x0.5_b"]
    assert [claim.paper_value for claim in claims] == [1, 2, 3, 4]
    assert (claims[2].title, claims[2].quote) == ("At 0.5 and a", "0.5: 3")
    assert claims[2].cause == "reading: of 0.5 at a."
    assert [str(condition) for condition in claims[2].where] == ["g 0.5", "m a"]


@pytest.mark.parametrize("word", ["training", "reading", "paper"])
def test_a_cause_is_ours_or_the_papers(load, word):
    (claim,) = load(FILE.replace("table: a.csv", f'table: a.csv\n    cause: "{word}: Fig. 9 shows it."')).claims
    assert claim.cause == f"{word}: Fig. 9 shows it."
    (without,) = load(FILE).claims
    assert without.cause is None


def test_merged_keys_may_be_changed_and_others_not_given_twice(load):
    merged = FILE.replace("- claim: first", "- &first\n    claim: first") + "  - {<<: *first, claim: second}\n"
    assert [claim.claim for claim in load(merged).claims] == ["first", "second"]
    with pytest.raises(ValueError, match=r"reference/paper.yaml, line 14: key quote is there twice"):
        load(FILE.replace("quote: better", "quote: better\n    quote: worse"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("paper: paper", "paper: other", "reference/paper.yaml: paper is 'other'; must be 'paper'"),
        ("title: A paper", "", "reference/paper.yaml: title is missing"),
        ("title: A paper", "title: 3", "reference/paper.yaml: title must be text, is 3"),
        ("title: A paper", "titel: A", "reference/paper.yaml: titel is unknown; one of: paper, title, values"),
        ("{value: 12, place: Table I}", "12", "values: weights: must be a mapping, is 12"),
        ("value: 12", "value: many", "values: weights: value must be a finite number, is 'many'"),
        ("value: 12", "value: .nan", "values: weights: value must be a finite number, is nan"),
        ("value: 12", "value: true", "values: weights: value must be a finite number, is True"),
        ("weights: {value: 12", "3: {value: 12", "reference/paper.yaml: values: 3 must be text"),
        ("fig01: {title", "1: {title", "reference/paper.yaml: exhibits: 1 must be text"),
        ("fig01: {title", "[fig01]: {title", "reference/paper.yaml, line 7: a list or mapping cannot be a key"),
        ("paper_value: weights", "paper_value: .inf", "claim first: paper_value must be a number .*, is inf"),
        ("paper_value: weights", f"paper_value: {'9' * 400}", "claim first: paper_value must be a number"),
        ("of: {system: ours}", "of: {3: ours}", "claim first: of: 3 must be text"),
        ("of: {system: ours}", "of: {snr_db: .nan}", "claim first: of: snr_db: nan is no number"),
        ("of: {system: ours}", "pair: [3]", "claim first: pair: 3 must be text"),
        ("expect: {above: 0}", "expect: {above: .nan}", "claim first: expect: above: nan is not a bound"),
        ("report: paper/1.ipynb", "figure: f.svg", "exhibits: fig01: report is missing"),
        ("exhibit: fig01", "exhibit: fig02", "claim first: exhibit 'fig02' is unknown; one of: fig01"),
        ("- claim: first", "- name: first", "claim no. 1: name is unknown"),
        ("quote: better", "", "claim first: quote is missing"),
        ("quote: better", "qoute: better", "claim first: qoute is unknown"),
        ("title: Ours is better", "", "claim first: title is missing"),
        ("values:", "columns: {snr_db: 3}\nvalues:", "columns: snr_db: must be text, is 3"),
        ("values:", "names: {system: SNR}\nvalues:", "names: system: must be a mapping, is 'SNR'"),
        ("values:", "names: {system: {ours: false}}\nvalues:", "names: system: ours: must be text, is False"),
        ("values:", "names: [system]\nvalues:", r"names must be a mapping, is \['system'\]"),
        ("paper_value: weights", "paper_value: heights", r"claim first: paper_value .*weights.*, is 'heights'"),
        ("table: a.csv", "", "claim first: table is missing"),
        ("expect: {above: 0}", "", "claim first: expect is missing"),
        ("expect: {above: 0}", "expect: 0", "claim first: expect must be a mapping, is 0"),
        ("expect: {above: 0}", "expect: {over: 0}", "claim first: expect: over is unknown"),
        ("measure: difference", "measure: sum", "claim first: measure 'sum' is unknown; one of: value, difference"),
        ("measure: difference", "points: some", "claim first: points 'some' is unknown; one of: all, any, mean"),
        ("measure: difference", "measure: value", "claim first: than must be there for a difference or a ratio"),
        ("than: {system: theirs}", "", "claim first: than must be there for a difference or a ratio"),
        ("of: {system: ours}", "of: {snr_db: {over: 3}}", "claim first: of: snr_db: over is unknown"),
        ("of: {system: ours}", "of: ours", "claim first: of must be a mapping, is 'ours'"),
        ("of: {system: ours}", "pair: snr_db", "claim first: pair must be a list, is 'snr_db'"),
        ("of: {system: ours}", "certain: 1", "claim first: certain must be true or false, is 1"),
        ("of: {system: ours}", "better: up", "claim first: better 'up' is unknown; one of: above, below"),
        ("paper_value: weights", "better: above", "claim first: better needs a paper_value"),
        ("of: {system: ours}", "impossible: 3", "claim first: impossible must be text, is 3"),
        ("of: {system: ours}", "impossible: a\n    by_construction: b", "by_construction has no use beside impossible"),
        ("of: {system: ours}", "cause: 3", "claim first: cause must be text, is 3"),
        (
            "of: {system: ours}",
            "cause: luck",
            "first: cause must be training:, reading: or paper: and a sentence, is 'luck'",
        ),
        ("of: {system: ours}", 'cause: "luck: bad."', "claim first: cause must be training:, reading: or paper: and"),
        ("of: {system: ours}", "cause: training", "claim first: cause must be training:, reading: or paper: and"),
        ("of: {system: ours}", 'cause: "paper: "', "claim first: cause must be training:, reading: or paper: and"),
        ("of: {system: ours}", 'impossible: a\n    cause: "paper: b"', "first: cause has no use beside impossible"),
        (
            "of: {system: ours}",
            'cause: "paper: b"\n    out_of_reach: far',
            "first: cause has no use beside out_of_reach",
        ),
        ("of: {system: ours}", "out_of_reach: false", "claim first: out_of_reach must be text, is False"),
        ("of: {system: ours}", "out_of_reach: far", "claim first: expect has no use beside out_of_reach"),
        ("of: {system: ours}", "grid: {}", "claim first: grid must name columns, each with a list of values"),
        ("of: {system: ours}", "grid: {g: 3}", "claim first: grid must name columns, each with a list of values"),
        ("of: {system: ours}", "grid: {g: [1, 2]}", "claim first: is there twice"),
        ("of: {system: ours}", "grid: {g: [1], paper_value: [1, 2]}", "grid: paper_value must be nested lists of 1"),
        ("of: {system: ours}", "grid: {g: [1]}\n    where: {g: 1}", "claim first: grid and where both have g"),
        ("of: {system: ours}", "grid: {g: [1]}\n    where: 3", "claim first: where must be a mapping, is 3"),
        ("of: {system: ours}", "grid: {g: [1]}\n    note: 3", "claim first: note must be text, is 3"),
        ("claims:", "claims:\n  - 3", "claim no. 1: must be a mapping, is 3"),
        ("title: A paper", "title: [", "reference/paper.yaml, line [0-9]+: while parsing"),
    ],
)
def test_a_mistake_is_one_line_that_names_file_claim_and_key(load, old, new, message):
    assert FILE.count(old) == 1 or old == "paper: paper"
    with pytest.raises(ValueError, match=message) as caught:
        load(FILE.replace(old, new, 1))
    assert str(caught.value).startswith("reference/paper.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_named(load, tmp_path):
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "paper.yaml").write_bytes(FILE.replace("A paper", "Ein schöner").encode("latin-1"))
    with pytest.raises(ValueError, match=r"^reference/paper\.yaml, line 3: byte 0xf6 is not UTF-8$"):
        reference.load_reference("paper")


def test_a_missing_file_is_named(load):
    with pytest.raises(ValueError, match=r"reference/nobody.yaml: no such file"):
        reference.load_reference("nobody")
