// SPDX-License-Identifier: AGPL-3.0-or-later

// Suggests communes while their name is typed: a combobox with a list, as the
// ARIA Authoring Practices describe it. Without this module the form asks
// after it was sent, where that is needed.

const wait = 120; // milliseconds without a key before asking

for (const box of document.querySelectorAll(".combobox")) {
	const input = box.querySelector("input");
	if (input) enhance(box, input);
}

function enhance(box, input) {
	const list = document.createElement("ul");
	list.id = input.id + "-list";
	list.className = "suggestions";
	list.setAttribute("role", "listbox");
	list.setAttribute("aria-label", box.querySelector("label").textContent.trim());
	list.hidden = true;
	const status = document.createElement("p");
	status.className = "unseen";
	status.setAttribute("role", "status");
	box.append(list, status);
	for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"],
		["aria-controls", list.id], ["autocomplete", "off"]]) {
		input.setAttribute(name, value);
	}

	let found = [], active = -1, timer = 0, asked = 0;
	const field = (name) => input.form.elements.namedItem(input.name.replace(/[^.]*$/, "") + name) || (box.dataset.code && input.form.elements.namedItem(box.dataset.code));

	function close() {
		list.hidden = true;
		active = -1;
		input.setAttribute("aria-expanded", "false");
		input.removeAttribute("aria-activedescendant");
	}

	function show(places) {
		found = places;
		active = -1;
		list.replaceChildren(...places.map((place, i) => {
			const item = document.createElement("li");
			item.id = list.id + "-" + i;
			item.setAttribute("role", "option");
			item.setAttribute("aria-selected", "false");
			item.textContent = place.label;
			item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(i); });
			return item;
		}));
		list.hidden = places.length === 0;
		input.setAttribute("aria-expanded", String(!list.hidden));
		status.textContent = places.length ? places.length + " " + box.dataset.count : box.dataset.none;
	}

	function mark(i) {
		const items = list.children;
		if (items[active]) items[active].setAttribute("aria-selected", "false");
		active = (i + items.length) % items.length;
		items[active].setAttribute("aria-selected", "true");
		items[active].scrollIntoView({ block: "nearest" });
		input.setAttribute("aria-activedescendant", items[active].id);
	}

	function set(name, value) {
		const hidden = field(name);
		if (hidden && "value" in hidden && !(hidden instanceof RadioNodeList)) hidden.value = value;
	}

	function choose(i) {
		const place = found[i];
		const old = box.closest("form").querySelector(".candidates");
		if (old) { // what was asked is answered
			const code = document.createElement("input");
			code.type = "hidden";
			code.name = input.name.replace(/[^.]*$/, "") + "code";
			old.replaceWith(code);
		}
		input.value = place.name;
		set("code", place.code);
		set("region", place.region);
		set("country", place.country);
		status.textContent = place.label;
		close();
	}

	async function ask() {
		const text = input.value.trim(), turn = ++asked;
		if (text.length < 2) return close();
		try {
			const answer = await fetch(box.dataset.places + "?q=" + encodeURIComponent(text), { headers: { Accept: "application/json" } });
			const places = answer.ok ? await answer.json() : [];
			if (turn === asked && document.activeElement === input) show(places);
		} catch {
			close(); // no connection: the form works without
		}
	}

	input.addEventListener("input", () => {
		set("code", "");
		clearTimeout(timer);
		timer = setTimeout(ask, wait);
	});
	input.addEventListener("keydown", (event) => {
		if (event.key === "Escape") {
			if (!list.hidden) event.preventDefault();
			close();
		} else if (list.hidden) {
			if (event.key === "ArrowDown") ask();
		} else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			event.preventDefault();
			mark(event.key === "ArrowDown" ? active + 1 : Math.max(active, 0) - 1);
		} else if (event.key === "Enter" && active >= 0) {
			event.preventDefault();
			choose(active);
		}
	});
	input.addEventListener("blur", close);
}
