"use strict";
// The matrix and the findings are whole without this script; it filters, and
// opens a finding beside the matrix rather than below it.
(() => {
  const $ = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll("#rules tbody tr:not(.area)")];
  const bodies = [...document.querySelectorAll("#rules tbody")];
  const servers = [...document.querySelectorAll("#rules thead th")].slice(1);
  const form = $("filters"), panel = $("panel"), inside = $("panel-body");
  document.documentElement.classList.add("js");
  form.hidden = false;

  const words = new Map(rows.map((r) => [r, r.cells[0].textContent.toLowerCase()]));
  const verdictOf = (cell) => cell.classList[0] || "";

  function fits(row) {
    const want = $("verdict").value, server = $("server").value;
    if ($("level").value && row.dataset.level !== $("level").value) return false;
    if ($("differ").checked && !row.classList.contains("d")) return false;
    if (want) {
      const cells = server === "" ? [...row.cells].slice(1) : [row.cells[+server + 1]];
      const hit = (v) => (want === "!" ? v !== "" && v !== "pass" : v === want);
      if (!cells.some((c) => hit(verdictOf(c)))) return false;
    }
    return $("text").value.toLowerCase().split(/\s+/).every((w) => words.get(row).includes(w));
  }

  function filter() {
    let shown = 0;
    for (const body of bodies) {
      let any = 0;
      const here = !$("area").value || body.dataset.area === $("area").value;
      for (const row of body.rows) {
        if (row.classList.contains("area")) continue;
        const fit = here && fits(row);
        row.hidden = !fit;
        any += fit;
      }
      body.hidden = any === 0;
      shown += any;
    }
    $("shown").textContent = `${shown} of ${rows.length} scenarios`;
    $("none").hidden = shown > 0;
  }
  // refilter shows the first of what is left, also from far down.
  function refilter() {
    filter();
    const top = $("rules").getBoundingClientRect().top - form.offsetHeight;
    if (top < 0) scrollBy(0, top);
  }
  form.addEventListener("input", refilter);
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(refilter));
  filter();

  function copyable(root) {
    for (const cmd of root.querySelectorAll(".cmd")) {
      if (cmd.querySelector("button")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        const code = cmd.querySelector("code");
        try {
          await navigator.clipboard.writeText(code.textContent);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(code);
          button.textContent = "Selected";
        }
        setTimeout(() => (button.textContent = "Copy"), 1500);
      });
      cmd.append(button);
    }
  }
  document.addEventListener("toggle", (e) => e.target.open && copyable(e.target), true);

  // target is the id that a hash names.
  function target(hash) {
    try {
      return decodeURIComponent(hash.slice(1));
    } catch {
      return hash.slice(1);
    }
  }

  // open shows a cell's finding, or what is known of a pass, in the panel.
  let cell, lent, home;
  function giveBack() {
    if (lent) home.append(lent);
    lent = home = undefined;
    inside.replaceChildren();
  }
  function open(td) {
    giveBack();
    cell = td;
    const row = td.parentElement, server = servers[td.cellIndex - 1].textContent, id = row.id.slice(2);
    $("panel-title").textContent = `${server}: ${verdictOf(td)}`;
    const link = td.querySelector("a");
    if (link) {
      lent = $(target(link.hash));
      home = lent.parentElement;
      inside.append(lent);
    } else {
      inside.append(...passed(row, td, id));
    }
    copyable(inside);
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
  }
  function passed(row, td, id) {
    const body = document.createElement("div"), title = document.createElement("h4"), meta = document.createElement("p");
    const cmd = document.createElement("p"), label = document.createElement("b"), code = document.createElement("code");
    body.className = "body";
    title.textContent = row.querySelector(".s").textContent;
    meta.className = "meta";
    meta.append(`${row.querySelector("small b").textContent}, ${row.dataset.level}. `, row.querySelector("th a").cloneNode(true));
    cmd.className = "cmd";
    label.textContent = "Repeat";
    code.textContent = `${servers[td.cellIndex - 1].dataset.cmd} --id=${id.split("@")[0]}`;
    cmd.append(label, code);
    body.append(title, meta, cmd);
    return [body];
  }
  $("rules").addEventListener("click", (e) => {
    const td = e.target.closest("tbody tr:not(.area) > td");
    if (!td || !td.className || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    const link = td.querySelector("a");
    if (link) history.replaceState(null, "", link.hash);
    open(td);
  });

  // step goes to the next result of the server that is shown and no pass.
  function step(by) {
    const column = cell.cellIndex;
    for (let i = rows.indexOf(cell.parentElement) + by; i >= 0 && i < rows.length; i += by) {
      const td = rows[i].cells[column];
      if (!rows[i].hidden && td.querySelector("a")) return open(td);
    }
  }
  $("before").addEventListener("click", () => step(-1));
  $("after").addEventListener("click", () => step(1));
  $("close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (e) => e.target === panel && panel.close());
  panel.addEventListener("close", () => {
    giveBack();
    const to = cell.querySelector("a");
    if (to) to.focus();
    history.replaceState(null, "", location.pathname + location.search);
  });

  // An address that names a finding opens it.
  function follow() {
    const id = target(location.hash);
    const link = id.startsWith("x.") && [...$("rules").querySelectorAll("td a")].find((a) => target(a.hash) === id);
    if (link) open(link.closest("td"));
  }
  addEventListener("hashchange", follow);
  follow();
})();
