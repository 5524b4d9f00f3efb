"use strict";
// Draws the charts of the page, and hands what is chosen to them. No figure is worked out here:
// a control picks one of the grids that the calculator made.
(() => {
  const told = (id) => JSON.parse(document.getElementById(id).textContent);
  const views = {};
  const how = { renderer: "svg", actions: false, logLevel: 1 };
  for (const [name, spec] of Object.entries(told("specs"))) {
    const place = document.getElementById("chart-" + name);
    views[name] = vegaEmbed(place, spec, how).then((made) => made.view);
  }
  const hand = async (name, signal, value) =>
    views[name] && (await views[name]).signal(signal, value).runAsync();

  const volume = document.getElementById("volume");
  if (volume) {
    const names = told("volumes");
    const choose = () => {
      const step = Number(volume.value);
      document.getElementById("volume-told").textContent = names[step];
      volume.setAttribute("aria-valuetext", names[step]);
      hand("bills", "step", step);
      hand("curves", "step", step);
    };
    volume.addEventListener("input", choose);
    if (volume.value !== volume.defaultValue) choose();
  }

  const boxes = [...document.querySelectorAll("input[name=shown]")];
  const show = () =>
    hand("curves", "shown", boxes.filter((box) => box.checked).map((box) => box.value));
  for (const box of boxes) box.addEventListener("change", show);
  if (boxes.some((box) => box.checked !== box.defaultChecked)) show();
})();
