import RetortFiles

/// The page's script: a cursor that reads out values.
///
/// The switches work without it, by style alone.
enum ReportScript {
    /// The script; it begins and ends where its element does, so that its sum is known.
    static let text = #"""
        'use strict';
        (() => {
          const data = JSON.parse(document.getElementById('data').textContent);
          const svgNS = 'http://www.w3.org/2000/svg';
          const charts = [...document.querySelectorAll('figure.panel')].map((figure, index) => ({
            figure, lines: data[index], plot: figure.querySelector('.plot'),
            readout: figure.querySelector('.readout'),
          }));
          const overTokens = document.getElementById('over-tokens');
          const axis = () => overTokens?.checked ? 'tokens' : 'steps';
          const isShown = run => {
            const box = document.getElementById('show-' + run);
            return !box || box.checked;
          };

          // Numbers as beside the axes: four leading digits.
          const number = value => {
            if (value === null) return 'not finite';
            if (value === 0) return '0';
            const size = Math.abs(value);
            const trim = text => text.includes('.') ? text.replace(/\.?0+$/, '') : text;
            if (size >= 1e15 || size < 1e-3) {
              const [digits, power] = value.toExponential(3).split('e');
              return trim(digits) + 'e' + Number(power);
            }
            if (size >= 999950) {
              const [unit, sign] =
                size >= 1e12 ? [1e12, ' T'] : size >= 1e9 ? [1e9, ' G'] : [1e6, ' M'];
              return trim((value / unit).toPrecision(4)) + sign;
            }
            if (size >= 1000) return Math.round(value).toLocaleString('en-US');
            return trim(value.toPrecision(4));
          };

          const scale = svg => {
            const [left, top, width, height] = svg.dataset.plot.split(' ').map(Number);
            const [x0, x1] = svg.dataset.x.split(' ').map(Number);
            const [low, high, kind] = svg.dataset.y.split(' ');
            const bend = kind === 'log' ? value => Math.log10(Math.max(value, 1e-320)) : value => value;
            const [y0, y1] = [bend(Number(low)), bend(Number(high))];
            const bounded = part => Math.min(1, Math.max(0, part));
            return {
              left, top, width, height, value: x => x0 + (x - left) / width * (x1 - x0),
              x: value => left + bounded((value - x0) / (x1 - x0)) * width,
              y: value => top + (1 - bounded((bend(value) - y0) / (y1 - y0))) * height,
            };
          };
          const visible = chart => [...chart.plot.querySelectorAll('svg.chart')]
            .find(svg => svg.getClientRects().length > 0);
          const lines = chart => chart.lines.filter(line => isShown(line.run));

          // The place of the value nearest to one among rising values.
          const nearest = (places, x) => {
            let low = 0, high = places.length - 1;
            while (low < high) {
              const middle = (low + high) >> 1;
              if (places[middle] < x) low = middle + 1; else high = middle;
            }
            return low > 0 && Math.abs(places[low - 1] - x) <= Math.abs(places[low] - x) ? low - 1 : low;
          };
          const stops = chart => {
            const all = lines(chart).flatMap(line => line[axis()]).filter(x => x !== null);
            return [...new Set(all)].sort((a, b) => a - b);
          };

          const add = (parent, name, attributes) => {
            const element = document.createElementNS(svgNS, name);
            for (const key in attributes) element.setAttribute(key, attributes[key]);
            return parent.appendChild(element);
          };
          const clear = () => {
            for (const mark of document.querySelectorAll('.cursor')) mark.remove();
            for (const chart of charts) chart.readout.classList.remove('open');
            active = null;
          };
          let active = null;

          // Marks one place in every chart and reads out the values of the one that is looked at.
          const show = (chart, x) => {
            clear();
            active = { chart, x };
            for (const other of charts) mark(other, x, other === chart);
          };
          const mark = (chart, x, isActive) => {
            const svg = visible(chart);
            if (!svg) return;
            const places = scale(svg);
            const group = add(svg, 'g', { class: 'cursor' });
            const across = places.x(x);
            add(group, 'path', {
              class: 'hair', d: `M${across} ${places.top}v${places.height}` });
            const reach = (places.value(places.left + 8) - places.value(places.left));
            const rows = [];
            for (const line of lines(chart)) {
              const own = line[axis()];
              if (!own.length || own[0] === null) continue;
              const place = nearest(own, x);
              if (Math.abs(own[place] - x) > Math.max(reach, 1e-9)) continue;
              const value = line.values[place], course = line.smooth && line.smooth[place];
              const drawn = course ?? value;
              if (drawn !== null) {
                const source = svg.querySelector('.run-' + line.run);
                const colour = [...source.classList].find(name => /^c\d$/.test(name));
                add(group, 'circle', {
                  class: 'spot ' + colour, cx: places.x(own[place]), cy: places.y(drawn), r: 4 });
              }
              rows.push({ line, place, value, course });
            }
            if (isActive) write(chart, places, across, svg.viewBox.baseVal.width, x, rows);
          };
          const write = (chart, places, across, width, x, rows) => {
            const table = document.createElement('table');
            const first = rows[0];
            const head = table.createCaption();
            const step = axis() === 'steps' ? x : first && first.line.steps[first.place];
            head.textContent = (axis() === 'steps' ? '' : number(x) + ' tokens, ')
              + (step ? 'step ' + step.toLocaleString('en-US') : '');
            for (const { line, value, course } of rows) {
              const row = table.insertRow();
              const name = row.insertCell();
              const box = document.getElementById('show-' + line.run);
              const swatch = box?.closest('label').querySelector('.swatch');
              if (swatch) name.append(swatch.cloneNode(true));
              name.append(' ' + line.name);
              row.insertCell().textContent = number(value);
              if (rows.some(other => other.course !== undefined)) {
                const cell = row.insertCell();
                cell.className = 'course';
                cell.textContent = course == null ? '' : '~ ' + number(course);
              }
            }
            if (!rows.length) table.insertRow().insertCell().textContent = 'no value here';
            chart.readout.replaceChildren(table);
            chart.readout.classList.add('open');
            chart.readout.classList.toggle('left', across > places.left + places.width / 2);
            chart.readout.style.setProperty('--at', across / width * 100 + '%');
          };

          for (const chart of charts) {
            if (!chart.lines.length) continue;
            chart.plot.tabIndex = 0;
            chart.plot.setAttribute('role', 'group');
            chart.plot.setAttribute('aria-label',
              chart.figure.dataset.name + ': read its values with the arrow keys');
            const point = event => {
              const svg = visible(chart);
              if (!svg || (event.pointerType === 'touch' && event.type === 'pointerleave')) return;
              if (event.type === 'pointerleave') return clear();
              const box = svg.getBoundingClientRect();
              const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
              const all = stops(chart);
              if (all.length) show(chart, all[nearest(all, scale(svg).value(x))]);
            };
            chart.plot.addEventListener('pointermove', point);
            chart.plot.addEventListener('pointerdown', point);
            chart.plot.addEventListener('pointerleave', point);
            chart.plot.addEventListener('blur', clear);
            chart.plot.addEventListener('keydown', event => {
              if (event.altKey || event.ctrlKey || event.metaKey) return;
              const all = stops(chart);
              if (!all.length) return;
              const here = active && active.chart === chart ? nearest(all, active.x) : -1;
              const moves = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
              let next;
              if (event.key in moves) next = here < 0 ? 0 : here + moves[event.key];
              else if (event.key === 'Home') next = 0;
              else if (event.key === 'End') next = all.length - 1;
              else if (event.key === 'Escape') return clear();
              else return;
              event.preventDefault();
              show(chart, all[Math.min(all.length - 1, Math.max(0, next))]);
            });
          }
          const controls = document.querySelector('form.controls');
          controls?.addEventListener('change', clear);
          controls?.addEventListener('submit', event => event.preventDefault());
          document.documentElement.classList.add('scripted');
        })();
        """#

    /// The script's sum as a content security policy names it.
    static let sum = "sha256-" + base64(hexadecimal: SHA256.hash(Array(text.utf8)))

    /// Bytes written in base 16, in base 64.
    private static func base64(hexadecimal text: String) -> String {
        let bytes = stride(from: 0, to: text.utf8.count, by: 2).map { start in
            UInt8(text.dropFirst(start).prefix(2), radix: 16) ?? 0
        }
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { bits, place in
                bits << 8 | (place < part.count ? Int(part[start + place]) : 0)
            }
            for place in 0..<4 {
                result.append(place <= part.count ? digits[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return result
    }
}
