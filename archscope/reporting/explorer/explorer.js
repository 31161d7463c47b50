"use strict";
{
  const COLOURS = ["blue", "vermillion", "green", "purple", "ochre", "ink"].map((name) => `var(--${name})`);
  const LOOKS = { cardinality: [0, "circle"], width: [1, "square"], other: [2, "diamond"] };
  const REACH = 30; // pixels from a marker within which it is meant
  const part = (tag, set = {}, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(set)) element.setAttribute(key, value);
    element.textContent = text;
    return element;
  };
  const shown = (value) => {
    const [factor, prefix] = [[1e12, " T"], [1e9, " G"], [1e6, " M"], [1e3, " k"]]
      .find(([one]) => Math.abs(value) >= one) || [1, ""];
    return `${Number((value / factor).toPrecision(4))}${prefix}`;
  };
  const even = (low, high, most) => {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power;
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  const ticks = (low, high, log, most) => {
    if (!log || high / low < 2.5) return even(low, high, most);
    const found = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]].map((steps) => {
      const every = [];
      for (let at = Math.floor(Math.log10(low)); at <= Math.log10(high); at += 1) {
        every.push(...steps.map((step) => step * 10 ** at));
      }
      return every.filter((one) => one >= low && one <= high);
    });
    const fitting = found.filter((one) => one.length <= most);
    return fitting.find((one) => one.length > 3) || fitting.at(-1) || found[0];
  };
  // The scale of an axis: values to pixels between two ends, a little room at both.
  const scale = (values, log, from, to, most) => {
    const way = log ? Math.log10 : (value) => value;
    const back = log ? (value) => 10 ** value : (value) => value;
    const [low, high] = [Math.min(...values), Math.max(...values)].map(way);
    const room = 0.07 * (high - low) || 0.05 * Math.abs(high) || 0.5;
    const [first, last] = [low - room, high + room];
    return {
      at: (value) => from + ((way(value) - first) / (last - first)) * (to - from),
      ticks: ticks(back(first), back(last), log, most),
    };
  };
  const marker = (shape, x, y, size, set) => {
    if (shape === "circle") return part("circle", { cx: x, cy: y, r: size, ...set });
    const box = { x: x - size, y: y - size, width: 2 * size, height: 2 * size };
    const turn = shape === "diamond" ? { transform: `rotate(45 ${x} ${y})` } : {};
    return part("rect", { ...box, ...turn, ...set });
  };
  const pen = document.createElement("canvas").getContext("2d");
  const length = (text) => pen.measureText(text).width;
  const overlaps = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

  // A plot in an <svg>, drawn anew at each choice and width; `numbers` says what a marker tells.
  const plot = (svg, label, spec) => {
    let spots = [];
    let at = -1;
    const ring = part("circle", { r: 9, fill: "none", stroke: "var(--ink)", "stroke-width": 2 });
    const tell = (index) => {
      at = index;
      const spot = spots[index];
      ring.setAttribute("visibility", spot ? "visible" : "hidden");
      if (spot) for (const [key, value] of [["cx", spot.x], ["cy", spot.y]]) ring.setAttribute(key, value);
      svg.closest("figure").querySelector("output").textContent = spot ? spot.said : "";
    };
    const draw = () => {
      const { x, y, lines, marks, legend } = spec();
      const wide = Math.max(260, svg.parentElement.clientWidth);
      svg.replaceChildren();
      const probe = svg.appendChild(part("text"));
      pen.font = getComputedStyle(probe).font;
      probe.remove();
      const add = (tag, set, text) => svg.appendChild(part(tag, set, text));
      const say = (text, x, y, set = {}) => add("text", { x, y, fill: "var(--ink)", ...set }, text);
      let [left, top] = [0, 14];
      for (const [text, colour, shape, dash] of legend) {
        const width = 44 + length(text);
        if (left && left + width > wide) [left, top] = [0, top + 18];
        const middle = top - 4;
        add("path", { d: `M${left} ${middle}h26`, stroke: colour, "stroke-width": 2, ...dash });
        if (shape) svg.append(marker(shape, left + 13, middle, 5, { fill: colour }));
        say(text, left + 32, top);
        left += width;
      }
      const high = top + Math.round(Math.min(480, Math.max(270, 0.55 * wide)));
      const set = { viewBox: `0 0 ${wide} ${high}`, width: wide, height: high };
      for (const [key, value] of Object.entries(set)) svg.setAttribute(key, value);
      const frame = { left: 58, right: wide - 12, top: legend.length ? top + 32 : 30, bottom: high - 44 };
      const count = Math.max(3, Math.floor((frame.right - frame.left) / 80));
      const across = scale(x.values, x.log, frame.left, frame.right, count);
      const down = scale(y.values, y.log, frame.bottom, frame.top, 6);
      const grey = { fill: "var(--grey)" };
      for (const tick of across.ticks) {
        say(shown(tick), across.at(tick), frame.bottom + 17, { ...grey, "text-anchor": "middle", class: "x" });
        add("path", { d: `M${across.at(tick)} ${frame.bottom}v4`, stroke: "var(--grey)" });
      }
      for (const tick of down.ticks) {
        add("path", { d: `M${frame.left} ${down.at(tick)}H${frame.right}`, stroke: "var(--faint)" });
        say(shown(tick), frame.left - 7, down.at(tick) + 4, { ...grey, "text-anchor": "end", class: "y" });
      }
      add("path", { d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}`, fill: "none", stroke: "var(--grey)" });
      say(x.label, (frame.left + frame.right) / 2, high - 8, { "text-anchor": "middle" });
      say(y.label, 0, frame.top - 12);
      for (const { points, colour, dash } of lines) {
        const d = points.map(([a, b], i) => `${i ? "L" : "M"}${across.at(a).toFixed(1)} ${down.at(b).toFixed(1)}`);
        add("path", { d: d.join(""), fill: "none", stroke: colour, "stroke-width": 1.6, ...dash });
      }
      spots = marks.map((mark) => ({ ...mark, x: across.at(mark.x), y: down.at(mark.y), value: mark }));
      spots.sort((a, b) => a.x - b.x);
      for (const spot of spots) {
        const [bar, to] = [spot.bar, (value) => down.at(y.log ? Math.max(value, Math.min(...y.values)) : value)];
        if (bar) add("path", { d: `M${spot.x} ${to(spot.value.y - bar)}V${to(spot.value.y + bar)}`, stroke: spot.colour, "stroke-width": 1.2 });
        if (spot.size) svg.append(marker(spot.shape, spot.x, spot.y, spot.size, { fill: spot.colour, stroke: "var(--paper)", class: "mark" }));
      }
      // A name beside each marker, where there is room.
      const taken = spots.filter((spot) => spot.size).map(({ x, y, size }) => [x - size, y - size, x + size, y + size]);
      for (const { name, x, y, size } of spots.filter((spot) => spot.name)) {
        const width = length(name) + 2;
        const gap = (size || 0) + 3;
        const box = [[x + gap, y - gap - 10], [x + gap, y - 7], [x - gap - width, y - 7], [x - width / 2, y - gap - 14], [x - width / 2, y + gap]]
          .map(([a, b]) => [a, b, a + width, b + 14])
          .find((one) => one[0] >= frame.left && one[2] <= wide && one[1] >= frame.top - 8 && one[3] <= frame.bottom
            && !taken.some((other) => overlaps(one, other)));
        if (box) {
          taken.push(box);
          say(name, (box[0] + box[2]) / 2, box[3] - 3, { class: "name", "text-anchor": "middle" });
        }
      }
      svg.append(ring);
      ring.setAttribute("visibility", "hidden");
      at = -1;
    };
    const nearest = (event) => {
      const box = svg.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let [found, best] = [-1, REACH];
      spots.forEach((spot, index) => {
        const away = Math.hypot(spot.x - x, spot.y - y);
        if (away <= best) [found, best] = [index, away];
      });
      return found;
    };
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", `${label}; the arrow keys go from point to point`);
    svg.addEventListener("pointermove", (event) => {
      const found = nearest(event);
      if (found >= 0 && found !== at) tell(found);
    });
    svg.addEventListener("click", (event) => tell(nearest(event)));
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !spots.length) return;
      event.preventDefault();
      tell(Math.min(spots.length - 1, Math.max(0, at + step)));
    });
    return draw;
  };

  for (const explorer of document.querySelectorAll(".explorer")) {
    explorer.hidden = false;
    const data = JSON.parse(explorer.querySelector('script[type="application/json"]').textContent);
    const labels = new Map(data.axes);
    const [chosen, curves] = ["form.scatter", "form.curves"].map((one) => explorer.querySelector(one));
    const values = (axis) => data.networks.map((network) => network.values[axis]).filter((one) => one !== undefined);
    const scatter = () => {
      const [x, y] = [chosen.x.value, chosen.y.value];
      const there = data.networks.filter(({ values: has }) => x in has && y in has);
      const spot = (network, series) => {
        const [colour, shape] = LOOKS[series];
        return {
          x: network.values[x], y: network.values[y], bar: network.bars[y], name: network.name,
          said: network.said, colour: COLOURS[colour], shape, size: series === "width" ? 6 : 5,
        };
      };
      // Width's squares first: they stay visible behind the circle of a network that is on both.
      const groups = data.series.length ? [...data.series].sort((a) => (a[0] === "width" ? -1 : 0)) : [["other", ""]];
      const members = groups.map(([name]) => there.filter(({ series }) => !data.series.length || series.includes(name)));
      const marks = groups.flatMap(([name], i) => members[i].map((network) => spot(network, name)));
      const named = new Set();
      for (const mark of marks) {
        if (named.has(mark.said)) mark.name = "";
        named.add(mark.said);
      }
      const lines = groups.flatMap(([name], i) => (name === "other" ? [] : [{
        points: members[i].map((one) => [one.values[x], one.values[y]]).sort((a, b) => a[0] - b[0]),
        colour: COLOURS[LOOKS[name][0]],
        dash: name === "width" ? { "stroke-dasharray": "6 4" } : {},
      }]));
      const bars = there.flatMap(({ values: has, bars: bar }) => [has[y] - (bar[y] || 0), has[y] + (bar[y] || 0)]);
      return {
        x: { values: there.map((one) => one.values[x]), log: chosen.xlog.checked, label: labels.get(x) },
        y: { values: chosen.ylog.checked ? bars.filter((one) => one > 0) : bars, log: chosen.ylog.checked, label: labels.get(y) },
        lines, marks,
        legend: data.series.map(([name, label]) => [label, COLOURS[LOOKS[name][0]], LOOKS[name][1],
          name === "other" ? { visibility: "hidden" } : name === "width" ? { "stroke-dasharray": "6 4" } : {}]),
      };
    };
    const byEpoch = () => {
      const picked = [...curves.querySelectorAll("fieldset input:checked")].map((one) => data.curves[one.value]);
      const log = curves.log.checked;
      const [lines, marks] = [[], []];
      picked.forEach((curve, index) => {
        const colour = COLOURS[index % COLOURS.length];
        const kinds = curves.train.checked ? ["train", "test"] : ["test"];
        for (const kind of kinds) {
          const points = curve[kind].map((error, i) => [i + 1, error]).filter(([, error]) => !log || error > 0);
          lines.push({ points, colour, dash: kind === "train" ? { "stroke-dasharray": "5 4" } : {} });
          points.forEach(([x, y], i) => marks.push({
            x, y, colour, shape: "circle", size: points.length < 40 ? 2.5 : 0,
            name: kind === "test" && i === points.length - 1 ? curve.name : "",
            said: `${curve.whole}, epoch ${x}: ${data.judged} ${curve.test[x - 1].toFixed(2)} %, `
              + `training error ${curve.train[x - 1].toFixed(2)} %`,
          }));
        }
      });
      const [xs, ys] = [marks.map((mark) => mark.x), marks.map((mark) => mark.y)];
      return {
        x: { values: xs.length ? xs : [1], log: false, label: "epoch" },
        y: { values: ys.length ? ys : [1], log, label: "error (%), lower is better" },
        lines, marks,
        legend: [...picked.map(({ name }, i) => [name, COLOURS[i % COLOURS.length], ""]), [data.judged, "var(--ink)", ""], ...(curves.train.checked
          ? [["training error", "var(--ink)", "", { "stroke-dasharray": "5 4" }]] : [])],
      };
    };
    const draws = [];
    const svgs = explorer.querySelectorAll("figure.live svg");
    draws.push(plot(svgs[0], "Networks by the chosen axes", scatter));
    chosen.x.value = "params";
    chosen.xlog.checked = true;
    const allow = () => {
      for (const axis of ["x", "y"]) {
        const positive = values(chosen[axis].value).every((one) => one > 0);
        chosen[`${axis}log`].disabled = !positive;
        if (!positive) chosen[`${axis}log`].checked = false;
      }
      draws[0]();
    };
    chosen.addEventListener("change", allow);
    chosen.addEventListener("submit", (event) => event.preventDefault());
    if (curves) {
      for (const index of data.chosen) curves.querySelectorAll("fieldset input")[index].checked = true;
      draws.push(plot(svgs[1], "Error by epoch of the chosen networks", byEpoch));
      curves.addEventListener("change", draws[1]);
      curves.addEventListener("submit", (event) => event.preventDefault());
    }
    allow();
    if (curves) draws[1]();
    window.addEventListener("resize", () => draws.forEach((draw) => draw()));
  }
}
