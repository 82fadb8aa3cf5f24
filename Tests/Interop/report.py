"""Look at `retort report` pages in a real browser, headless, without a network.

    python3 Tests/Interop/report.py [--retort .build/release/retort] [--screenshots DIR] [--browser chromium]

Runs are written as `retort train` writes them: one, three of different length, one that has just begun, one that
stops being finite, one of hostile bytes. Of each page, in a browser driven through its debugging pipe:

    quiet      no error or warning in the console, no exception, no broken policy
    alone      nothing is requested but the page itself
    charts     every chart that has values has lines, and they lie inside its box; so have axes and labels
    plain      the same with JavaScript switched off, and no script ran in the hostile page
    keyboard   Tab reaches switches and charts, Space and arrows work them, arrows read out values
    names      every picture, switch and table has an accessible name
    narrow     at 390 pixels nothing is wider than the screen
    contrast   text has at least 4.5 and lines at least 3 against what is behind them, in light and in dark

With --screenshots the pages are kept as pictures: light, dark, narrow, print. Exit status 1 if a row failed. Needs
Debian's `chromium` (or Chrome); without one, the script says so and its exit status is 77.
"""
import argparse
import base64
import json
import math
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
NO_BROWSER = 77
PATIENCE = 60


class Failure(Exception):
    """A row that does not hold; the text says where."""


class Browser:
    """A headless browser that is driven through its debugging pipe: messages of JSON that end with a zero byte."""

    def __init__(self, program, profile):
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run", "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb",
                   "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        # The browser reads from descriptor 3 and writes to 4; a shell puts them there.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "browser", *command],
            pass_fds=[to_browser, from_browser], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.count = 0
        self.rest = b""
        self.events = []
        self.session = None

    def open(self):
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"]:
            self(f"{domain}.enable")

    def __call__(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        number = self.count
        while True:
            answer = self.receive(method)
            if answer.get("id") == number:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, what):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            if not select.select([self.input], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failure(f"the browser did not answer {what} in {PATIENCE} s")
            piece = os.read(self.input, 1 << 20)
            if not piece:
                raise Failure(f"the browser ended while it was asked for {what}")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def go(self, path):
        self.events = []
        self("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive("the page"))
        self.value("document.documentElement.getBoundingClientRect().height")

    def value(self, expression):
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failure(answer["exceptionDetails"].get("exception", {}).get("description", str(answer)))
        return answer["result"].get("value")

    def press(self, key, code=None, text=None):
        codes = {"Tab": 9, "Escape": 27, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
                 "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        common = {"key": key, "code": code or ("Space" if key == " " else key), "windowsVirtualKeyCode": codes[key]}
        self("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self("Input.dispatchKeyEvent", type="keyUp", **common)

    def look(self, width=1180, dark=False, media="screen"):
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path):
        picture = self("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        try:
            self.session = None
            self("Browser.close")
        except (Failure, OSError):
            self.process.kill()
        self.process.wait()


# --- Runs ---------------------------------------------------------------------------------------------------------


def write_run(folder, steps, floor=0.3, rank=16, soft=False, broken=False, every=1, seed=1):
    """A run folder as training leaves it; figures fall as they do."""
    numbers = random.Random(seed)
    folder.mkdir(parents=True)
    (folder / "adapter").mkdir()
    (folder / f"step-{steps:08}").mkdir()
    (folder / "recipe.yaml").write_text(
        f"task: sft\noutput_dir: {folder.name}\nseed: {seed}\nmodel:\n  path: Checkpoints/tiny\n"
        f"adapter:\n  type: lora\n  rank: {rank}\n  alpha: 32\noptimizer:\n  learning_rate: 0.001\n")
    memory = 500
    with open(folder / "metrics.jsonl", "w") as file:
        for step in range(1, steps + 1):
            level = floor + 2.5 * math.exp(-step / (steps * 0.1))
            loss = level * math.exp(numbers.gauss(0, 0.1))
            is_broken = broken and step > steps * 0.9
            tokens = numbers.randint(900, 1024)
            memory = max(memory, 500 + 40 * numbers.random())
            speed = numbers.gauss(1400, 50)
            line = {"step": step, "epoch": 1, "loss": math.nan if is_broken else loss,
                    "grad_norm": math.inf if is_broken else level * abs(numbers.gauss(1, 0.2)),
                    "learning_rate": 1e-3 * (1 - step / (steps + 1)), "tokens": tokens,
                    "supervised_tokens": tokens // 3, "seconds": tokens / speed, "tokens_per_second": speed,
                    "peak_rss_mib": memory}
            if soft:
                line |= {"soft_loss": loss * 1.3, "hard_loss": loss * 0.8}
            if step % every == 0 or step == steps:
                file.write(json.dumps(line) + "\n")
            if step % max(steps // 5, 1) == 0:
                file.write(json.dumps({"step": step, "epoch": 1, "validation_loss": level + 0.05}) + "\n")
    return folder


def write_answers(path, accuracy, seed):
    numbers = random.Random(seed)
    path.parent.mkdir(exist_ok=True)
    with open(path, "w") as file:
        for line in range(1, 41):
            right = numbers.random() < accuracy
            expected = json.dumps({"action": "light", "room": "study", "level": line})
            file.write(json.dumps({
                "line": line, "messages": [{"role": "user", "content": f"Light in the study to {line} percent."}],
                "expected": expected, "answer": expected if right else "I cannot do that.", "ids": [1],
                "correct": right}) + "\n")


def write_hostile(folder):
    """Bytes that try to become elements, scripts or requests."""
    folder.mkdir(parents=True)
    attack = "\"'></script></title></textarea><script>window.attacked=1</script><img src=//x.invalid/i onerror=attacked=1>"
    key = json.dumps(attack + "_loss")
    (folder / "metrics.jsonl").write_text(
        "garbage\n" + f'{{"step":1,"loss":1,{key}:2}}\n' + '{"step":2,"loss":1e308,"tokens":9223372036854775807}\n'
        + "x" * 100_000 + "\n[1]\n" + f'{{"step":3,"loss":-1e308,"seconds":1e308,{key}:NaN}}\n{{"step":4,"lo')
    (folder / "recipe.yaml").write_text(f"task: {json.dumps(attack)}\nmodel: {{path: {json.dumps(attack)}}}\n")
    (folder / "answers.jsonl").write_text("\n".join(json.dumps(row) for row in [
        {"answer": attack, "expected": attack, "messages": [{"role": attack, "content": attack}, 7], "correct": True},
        {"answer": "\u0000\u202e\ufffe\ud83d\ude00"}, {"no": "answer"}]))


def write_runs(folder):
    write_answers(write_run(folder / "labels", 900) / "answers" / "tuned.jsonl", 0.5, 1)
    write_answers(write_run(folder / "distilled", 5000, floor=0.2, rank=32, soft=True, seed=2)
                  / "answers" / "tuned.jsonl", 0.8, 2)
    write_run(folder / "stored-targets", 600, soft=True, every=10, seed=3)
    write_run(folder / "diverged", 300, broken=True, seed=4)
    (folder / "begun").mkdir()
    (folder / "begun" / "metrics.jsonl").write_bytes(b"")
    write_run(folder / "single", 1)
    write_hostile(folder / "hos<b>tile")
    return {
        "one": ["labels"], "three": ["labels", "distilled", "stored-targets"], "begun": ["begun"],
        "diverged": ["diverged"], "single-step": ["single"], "hostile": ["hos<b>tile", "labels"],
        "mixed": ["begun", "single", "diverged", "distilled"],
    }


# --- Rows ---------------------------------------------------------------------------------------------------------

# Every chart that is shown, with what is wrong with it.
CHARTS = """(() => {
  const wrong = [];
  let count = 0;
  for (const svg of document.querySelectorAll('svg.chart')) {
    if (!svg.getClientRects().length) continue;
    count += 1;
    const name = svg.closest('figure').id + ' ' + svg.getAttribute('class');
    const [left, top, width, height] = svg.dataset.plot.split(' ').map(Number);
    const box = svg.viewBox.baseVal;
    if (!(left > 0 && width > 100 && height > 50 && left + width <= box.width && top + height <= box.height))
      wrong.push(name + ': no room for lines');
    const isEmpty = svg.querySelector('.empty') !== null;
    const paths = [...svg.querySelectorAll('.run path')].filter(path => path.getClientRects().length);
    if (!isEmpty && !paths.some(path => path.getTotalLength() > 0 || path.getAttribute('d').includes('l')))
      wrong.push(name + ': no line');
    for (const path of paths) {
      if (!path.getAttribute('d')) { wrong.push(name + ': an empty path'); continue; }
      if (/[^-MlN0-9. ]/.test(path.getAttribute('d'))) wrong.push(name + ': a path that is none');
      const b = path.getBBox();
      if (b.x < left - 6 || b.y < top - 6 || b.x + b.width > left + width + 6 || b.y + b.height > top + height + 6)
        wrong.push(name + ': a line leaves its box');
    }
    const labels = [...svg.querySelectorAll('text:not(.name)')];
    if (!isEmpty && labels.length < 2) wrong.push(name + ': too few labels');
    const outer = svg.getBoundingClientRect();
    for (const label of svg.querySelectorAll('text')) {
      const b = label.getBoundingClientRect();
      if (b.left < outer.left - 8 || b.right > outer.right + 14 || b.bottom > outer.bottom + 2)
        wrong.push(name + ': the label ' + label.textContent + ' is outside');
    }
    const rows = labels.map(label => label.getBoundingClientRect());
    for (let i = 1; i < rows.length; i++) {
      const a = rows[i - 1], b = rows[i];
      const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 4 || b.bottom <= a.top + 4;
      if (!apart) wrong.push(name + ': labels overlap: ' + labels[i - 1].textContent + ', ' + labels[i].textContent);
    }
  }
  return { count, wrong };
})()"""

CONTRAST = """(() => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)' && e.namespaceURI.endsWith('xhtml')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const wrong = new Set();
  for (const element of document.querySelectorAll('body *')) {
    if (!element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const isSVG = element.namespaceURI.endsWith('svg');
    const hasText = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (hasText && !['script', 'style', 'title'].includes(element.localName)) {
      const colour = isSVG ? style.fill : style.color;
      const r = ratio(colour, behind(element));
      if (r < 4.5) wrong.add(`text ${element.localName}.${element.className} ${colour} ${r.toFixed(2)}`);
    }
    if (isSVG && element.matches('.line,.cross')) {
      const r = ratio(style.stroke, behind(element));
      if (r < 3) wrong.add(`line ${style.stroke} ${r.toFixed(2)}`);
    }
  }
  return [...wrong];
})()"""


def expect(condition, message):
    if not condition:
        raise Failure(message)


def quiet(browser):
    bad = []
    for event in browser.events:
        method, details = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            bad.append(details["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled":
            bad.append("console: " + str([a.get("value") for a in details["args"]]))
        elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            bad.append(details["entry"]["text"])
    expect(not bad, "; ".join(bad))


def alone(browser, page):
    for event in browser.events:
        if event.get("method") == "Network.requestWillBeSent":
            url = event["params"]["request"]["url"]
            expect(url == page.as_uri() or url.startswith("data:"), f"asks for {url}")


def charts(browser):
    found = browser.value(CHARTS)
    expect(found["count"] > 0, "there is no chart")
    expect(not found["wrong"], "; ".join(found["wrong"][:5]))
    return found["count"]


def narrow(browser):
    width = browser.value("document.documentElement.scrollWidth")
    expect(width <= 390, f"the page is {width} pixels wide")


def names(browser):
    tree = browser("Accessibility.getFullAXTree")["nodes"]
    for node in tree:
        role = node.get("role", {}).get("value")
        if node.get("ignored") or role not in ("image", "img", "checkbox", "radio", "region", "group", "form", "status"):
            continue
        name = node.get("name", {}).get("value", "")
        # Disclosures and fieldsets are groups named by what they hold.
        if role in ("group", "status") and not name:
            continue
        expect(name, f"a {role} has no name")
    pictures = [n for n in tree if n.get("role", {}).get("value") in ("image", "img") and not n.get("ignored")]
    expect(pictures, "no chart is a picture with a name")
    expect(any("over steps" in n["name"]["value"] for n in pictures), "no chart is summed up in words")


FOCUS = "(document.activeElement.id || document.activeElement.closest('figure')?.id || document.activeElement.localName)"


def tab_to(browser, wanted):
    for _ in range(60):
        browser.press("Tab")
        if browser.value(FOCUS) == wanted:
            outline = browser.value("getComputedStyle(document.activeElement).outlineStyle")
            expect(outline != "none", f"{wanted}: the focus cannot be seen")
            return
    raise Failure(f"Tab does not reach {wanted}")


def keyboard(browser, run_count):
    shown = "[...document.querySelectorAll('#chart-loss svg.chart')].filter(s => s.getClientRects().length)" \
            ".map(s => s.getAttribute('class')).join()"
    browser.value("document.activeElement.blur(); scrollTo(0, 0)")
    if run_count > 1:
        tab_to(browser, "show-1")
        count = "[...document.querySelectorAll('#chart-loss .run-1')].filter(g => g.getClientRects().length).length"
        before = browser.value(count)
        browser.press(" ", text=" ")
        expect(before > 0 and browser.value(count) == 0, "Space does not hide a run")
        browser.press(" ", text=" ")
        expect(browser.value(count) == before, "Space does not show a run again")
    tab_to(browser, "over-steps")
    expect("by-steps" in browser.value(shown), "steps are not what is shown first")
    browser.press("ArrowRight")
    expect("by-tokens" in browser.value(shown), "an arrow does not switch to tokens")
    charts(browser)
    browser.press("ArrowLeft")
    expect("by-steps" in browser.value(shown), "an arrow does not switch back to steps")
    tab_to(browser, "chart-loss")
    readout = "document.querySelector('#chart-loss .readout.open')?.textContent ?? ''"
    browser.press("Home")
    first = browser.value(readout)
    browser.press("ArrowRight")
    second = browser.value(readout)
    browser.press("End")
    last = browser.value(readout)
    expect("step 1" in first and first != second != last, f"arrows do not read out values: {first!r}, {second!r}")
    browser.press("PageDown")
    expect(browser.value(readout) not in ("", last), "Page Down does not move back")
    inside = browser.value("""(() => {
      const out = document.querySelector('#chart-loss .readout').getBoundingClientRect();
      return out.left >= 0 && out.right <= innerWidth && document.querySelectorAll('.cursor .spot').length > 0;
    })()""")
    expect(inside, "the readout leaves the page or marks no value")
    browser.press("Escape")
    expect(browser.value(readout) == "", "Escape does not close the readout")
    tab_to(browser, "summary")


# --- All ----------------------------------------------------------------------------------------------------------


def check_page(browser, page, runs, screenshots):
    """The rows of one page: name, and the failure or nothing."""
    def row(name, body):
        try:
            body()
            rows.append((name, None))
        except Failure as failure:
            rows.append((name, str(failure)))

    def keep(name):
        if screenshots:
            browser.picture(screenshots / f"{page.stem}-{name}.png")

    rows = []
    has_values = page.stem != "begun"
    browser.look()
    browser.go(page)
    row("charts", lambda: charts(browser))
    row("names", lambda: names(browser))
    row("contrast", lambda: expect(not browser.value(CONTRAST), str(browser.value(CONTRAST))))
    keep("light")
    if has_values and page.stem not in ("single-step", "hostile"):
        row("keyboard", lambda: keyboard(browser, len(runs)))
        browser.value("document.querySelector('#chart-loss .plot').focus()")
        for key in ["End"] + ["PageDown"] * 30:
            browser.press(key)
        keep("readout")
        browser.value("document.activeElement.blur()")
    browser.look(dark=True)
    row("contrast, dark", lambda: expect(not browser.value(CONTRAST), str(browser.value(CONTRAST))))
    keep("dark")
    browser.look(width=390)
    row("narrow", lambda: narrow(browser))
    row("charts, narrow", lambda: charts(browser))
    keep("narrow")
    browser.look(media="print")
    keep("print")
    row("quiet", lambda: quiet(browser))
    row("alone", lambda: alone(browser, page))
    row("unharmed", lambda: expect(browser.value("window.attacked === undefined"), "a script of the data ran"))
    browser("Emulation.setScriptExecutionDisabled", value=True)
    browser.look()
    browser.go(page)
    row("plain", lambda: (charts(browser), expect(
        not browser.value("document.documentElement.classList.contains('scripted')"), "a script ran")))
    browser("Emulation.setScriptExecutionDisabled", value=False)
    return rows


def check_picture(browser, retort, folder):
    """A chart as a file of its own."""
    path = folder / "loss.svg"
    subprocess.run([retort, "report", "labels", "distilled", "--chart", "loss", "--output", path.name],
                   cwd=folder, check=False, stderr=subprocess.DEVNULL)
    expect(path.exists(), "retort wrote no picture")
    browser.look()
    browser.go(path)
    quiet(browser)
    alone(browser, path)
    expect(browser.value("document.querySelectorAll('.run .line').length") == 2, "two runs do not give two lines")
    light = browser.value("getComputedStyle(document.documentElement).backgroundColor")
    browser.look(dark=True)
    dark = browser.value("getComputedStyle(document.documentElement).backgroundColor")
    expect(light != dark, "the picture has the same paper in light and in dark")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=HOME / ".build" / "release" / "retort", type=Path)
    parser.add_argument("--screenshots", type=Path)
    parser.add_argument("--browser", default=os.environ.get("RETORT_BROWSER"))
    options = parser.parse_args()
    program = options.browser or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        print("skip  there is no browser here: install Debian's chromium")
        return NO_BROWSER
    retort = options.retort.resolve()
    screenshots = options.screenshots.resolve() if options.screenshots else None
    if screenshots:
        screenshots.mkdir(parents=True, exist_ok=True)
    failed = passed = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        browser = Browser(program, folder / "profile")
        try:
            browser.open()
            for name, runs in write_runs(folder).items():
                page = folder / f"{name}.html"
                made = subprocess.run([retort, "report", *runs, "--output", page.name], cwd=folder,
                                      capture_output=True, text=True, check=False)
                if made.returncode != 0:
                    print(f"FAIL  {name:12} {made.stderr.strip().splitlines()[:1]}")
                    failed += 1
                    continue
                rows = check_page(browser, page, runs, screenshots)
                for row, problem in rows:
                    if problem:
                        print(f"FAIL  {name:12} {row}: {problem}")
                        failed += 1
                    else:
                        passed += 1
                print(f"ok    {name:12} {page.stat().st_size // 1024} KiB, {len(rows)} rows")
            try:
                check_picture(browser, retort, folder)
                passed += 1
            except Failure as failure:
                print(f"FAIL  picture      {failure}")
                failed += 1
        finally:
            browser.close()
    print(f"{passed} rows passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
