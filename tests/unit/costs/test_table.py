from datetime import date
from pathlib import Path

import pytest

from scripts.costs import renewal, table


def test_each_committed_price_has_a_public_source_and_a_date() -> None:
    committed = table.read()
    assert committed
    for region, prices in committed.items():
        assert region.count("-") >= 2
        assert prices.source.startswith("https://")
        assert date.fromisoformat(f"{prices.date}-01"[:10])
        assert all(kind.startswith("ml.") and 0 < hour < 1000 for kind, hour in prices.hour.items())
    assert len(committed) == table.FILE.read_text().count("source = ")


def test_a_region_s_prices_are_replaced_and_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(table.FILE.read_text())
    monkeypatch.setattr(table, "FILE", path)
    table.read.cache_clear()
    before, today = table.read(), date(2026, 1, 5)
    api = "https://api.pricing.us-east-1.amazonaws.com"
    renewal.write("us-east-1", table.RegionPrices("", api, {"ml.m5.large": 0.115}), today)
    renewal.write("eu-north-1", table.RegionPrices("", "http://127.0.0.1:1", {"ml.m5.large": 9.0}), today)
    table.read.cache_clear()
    found = table.read()
    table.read.cache_clear()
    assert found == before | {"us-east-1": table.RegionPrices("2026-01-05", api, {"ml.m5.large": 0.115})}
    assert path.read_text().startswith("# USD per instance and hour")
    renewal.write("us-east-1", table.RegionPrices("", api, {"ml.m5.large": 0.2}), today)
    assert path.read_text().count("[us-east-1]") == 1
