"""The report in a real browser: drawn, silent, usable by mouse and keyboard, narrow, on paper."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reported import COMMANDS, HOSTILE, Made
from running import DAY

DRAWN = "return [...document.querySelectorAll('.chart')].every(c => c.querySelector('svg'))"
LIGHT, DARK = "light", "dark"

CONTRASTS = """
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const found = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const onColour = node.closest('#chart-map .mark-text, .badges_marks');
  if (!own || onColour || node.closest('script, style, noscript, title')) continue;
  if (!node.getClientRects().length) continue;
  const style = getComputedStyle(node);
  const ink = parse(node instanceof SVGElement ? style.fill : style.color);
  const [high, low] = [light(ink), light(behind(node))].sort((a, b) => b - a);
  found.push([(high + 0.05) / (low + 0.05), node.textContent.trim().slice(0, 40), style.fontSize]);
}
return found;
"""


pytestmark = pytest.mark.loopback  # Chromium is told what to do over a socket


@pytest.fixture
def look(browser: Any, made: Made) -> Iterator[Any]:
    """Return a function that opens the report of a command and waits for its charts."""
    from selenium.webdriver.support.ui import WebDriverWait

    def opened(*command: str, width: int = 1100, scheme: str = LIGHT, media: str = "") -> Any:
        page = made(*command)
        scheme_said = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": scheme_said}
        )
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        _logs(browser)
        browser.get(page.as_uri())
        WebDriverWait(browser, 20).until(lambda b: b.execute_script(DRAWN))
        return browser

    yield opened
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _logs(browser: Any) -> tuple[list[str], list[str]]:
    """Return what the console says and what was asked for since the last look."""
    said = [entry["message"] for entry in browser.get_log("browser")]
    events = [json.loads(e["message"])["message"] for e in browser.get_log("performance")]
    asked = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return said, [params["request"]["url"] for params in asked]


def _specs(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'id="specs">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def _count(browser: Any, selector: str) -> int:
    return len(browser.find_elements("css selector", selector))


def _step(spec: Any) -> int:
    return next(p["value"] for p in spec["params"] if p["name"] == "step")


def _rows(spec: Any, key: str, step: int | None = None) -> list[Any]:
    rows = [row for rows in spec["datasets"].values() for row in rows if key in row]
    return rows if step is None else [row for row in rows if row["step"] == step]


@pytest.mark.parametrize("name", COMMANDS)
def test_charts_are_drawn_and_nothing_is_asked_for(name: str, look: Any, made: Made) -> None:
    page = look(*COMMANDS[name])
    said, asked = _logs(page)
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert sum(url.startswith("file:") for url in asked) == 1
    places = {e.get_attribute("id") for e in page.find_elements("css selector", ".chart")}
    drawn = _specs(made(*COMMANDS[name]))
    assert places == {f"chart-{chart}" for chart in drawn}
    for place in places:
        assert _count(page, f"#{place} svg path, #{place} svg line") > 3, place


def test_bill_is_drawn(look: Any, tmp_path: Path) -> None:
    logs = tmp_path / "months.csv"
    logs.write_text("month,model,input,output,cost\n2026-10,gpt-4.1,9000000,800000,25\n")
    page = look("bill", str(logs), *DAY)
    assert _logs(page)[0] == []
    assert _count(page, "#chart-used svg .mark-rect path") == 2  # the bar, and what the log states


def test_marks_are_as_many_as_figures(look: Any, made: Made) -> None:
    page, drawn = look(*COMMANDS["compare"]), _specs(made(*COMMANDS["compare"]))
    bills, now = drawn["bills"], _step(drawn["bills"])
    assert _count(page, "#chart-bills .mark-rect > path") == len(_rows(bills, "part", now))
    shown = next(p["value"] for p in drawn["curves"]["params"] if p["name"] == "shown")
    lines = page.find_elements("css selector", "#chart-curves .mark-line > path")
    assert len([line for line in lines if line.get_attribute("d")]) == len(shown)
    assert _count(page, "#chart-tornado .mark-rect > path") == len(_rows(drawn["tornado"], "end"))
    cells = len(_rows(drawn["map"], "mark"))
    assert _count(page, "#chart-map .mark-rect > path") == cells + 1  # the frame around today
    week = {row["who"] for row in _rows(drawn["week"], "who")}
    assert _count(page, "#chart-week .mark-area path[d]") == len(week)


def _figures(page: Any, spec: Any, step: int) -> None:
    """Wait until the bills shown are those of a step."""
    from selenium.webdriver.support.ui import WebDriverWait

    wanted = [row["figure"] for row in sorted(_rows(spec, "head", step), key=lambda r: r["rank"])]
    script = "return [...document.querySelectorAll('#chart-bills .mark-text text')]"
    script += ".map(t => t.textContent)"

    def there(_: Any) -> bool:
        texts = page.execute_script(script)
        return [t for t in texts if t.startswith("$")][-len(wanted) :] == wanted

    WebDriverWait(page, 10).until(there)


def test_controls_work_by_mouse(look: Any, made: Made) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page, bills = look(*COMMANDS["compare"]), _specs(made(*COMMANDS["compare"]))["bills"]
    slider = page.find_element("id", "volume")
    before = page.find_element("id", "volume-told").text
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", slider)
    edge = slider.size["width"] // 2 - 3
    ActionChains(page).move_to_element_with_offset(slider, edge, 0).click().perform()
    assert int(slider.get_attribute("value")) == 2 * _step(bills)
    assert page.find_element("id", "volume-told").text != before
    _figures(page, bills, 2 * _step(bills))
    lines = "#chart-curves .mark-line > path[d]:not([d=''])"
    drawn = _count(page, lines)
    box = page.find_element("css selector", "input[name=shown]:checked")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    page.implicitly_wait(0)
    _until(page, lambda: _count(page, lines) == drawn - 1)


def _until(page: Any, there: Any) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page, 10).until(lambda _: there())


def test_controls_work_by_keyboard_and_show_where_one_is(look: Any, made: Made) -> None:
    from selenium.webdriver.common.keys import Keys

    page, bills = look(*COMMANDS["compare"]), _specs(made(*COMMANDS["compare"]))["bills"]
    body = page.find_element("css selector", "body")
    seen = []
    for _ in range(12):
        page.switch_to.active_element.send_keys(Keys.TAB) if seen else body.send_keys(Keys.TAB)
        focused = page.switch_to.active_element
        seen.append(focused.get_attribute("id") or focused.get_attribute("name") or "")
        style = "const s = getComputedStyle(arguments[0]); return [s.outlineStyle, s.outlineWidth]"
        assert page.execute_script(style, focused) == ["solid", "3px"], seen
        if seen[-1] == "volume":
            focused.send_keys(Keys.ARROW_LEFT)
            _figures(page, bills, _step(bills) - 1)
            told = page.find_element("id", "volume-told").text
            assert focused.get_attribute("aria-valuetext") == told
        if seen[-1] == "shown":
            checked = focused.is_selected()
            focused.send_keys(Keys.SPACE)
            assert focused.is_selected() is not checked
            break
    assert {"volume", "shown"} <= set(seen)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
@pytest.mark.parametrize("name", ["compare", "breakeven", "plan"])
def test_words_can_be_read(name: str, scheme: str, look: Any) -> None:
    page = look(*COMMANDS[name], scheme=scheme)
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.execute_script(CONTRASTS)
    assert len(found) > 150
    weak = [row for row in found if row[0] < 4.5]
    assert not weak, weak[:5]


@pytest.mark.parametrize("name", COMMANDS)
def test_phone_needs_no_sideways_scroll(name: str, look: Any) -> None:
    page = look(*COMMANDS[name], width=375)
    page.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 375
    wide = page.execute_script(
        "return [...document.querySelectorAll('.chart svg, h1, h2, p, li, fieldset, input')]"
        ".filter(e => e.getBoundingClientRect().right > 376).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    loose = page.execute_script(
        "return [...document.querySelectorAll('.scroll')]"
        ".filter(e => getComputedStyle(e).overflowX !== 'auto').length"
    )
    assert loose == 0
    plots = page.execute_script(
        "return [...document.querySelectorAll('.chart svg')].map(e => e.clientWidth)"
    )
    assert all(px > 300 for px in plots)


def test_paper(look: Any) -> None:
    page = look(*COMMANDS["compare"], scheme=DARK, media="print")
    paper, slider = page.execute_script(
        "return [getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.getElementById('volume')).display]"
    )
    assert paper == "rgb(255, 255, 255)"
    assert slider == "none"
    printed = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20


def test_names_stay_names(look: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page = look(*HOSTILE)
    assert _count(page, "img") == 0
    for place in ("bills", "curves"):
        marks = f"#chart-{place} .mark-rect path, #chart-{place} .mark-symbol path"
        mark = page.find_element("css selector", marks)
        page.execute_script("arguments[0].scrollIntoView({block: 'center'})", mark)
        ActionChains(page).move_to_element(mark).perform()
    assert _count(page, "img") == 0
    said, asked = _logs(page)
    assert said == []
    assert len([url for url in asked if not url.startswith("data:")]) == 1
    texts = [t.text for t in page.find_elements("css selector", "#answer td")]
    assert "<script>alert(1)</script>" in texts
