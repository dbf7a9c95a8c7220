// SPDX-License-Identifier: AGPL-3.0-or-later

// Rows for slots of an event can be added and taken away. Without, there are a
// few empty ones, and one that is emptied is gone.

const list = document.querySelector("#f-slots");
if (list) {
	const most = 20;
	const rows = () => [...list.querySelectorAll(".slot")];
	const inputs = (row) => [...row.querySelectorAll("input")];
	const first = (row) => row.querySelector("input:not([type=hidden])");
	let last = rows().length;
	const button = (name, text) => {
		const b = document.createElement("button");
		b.type = "button";
		b.className = "quiet " + name;
		b.textContent = text;
		return b;
	};
	const changed = () => {
		rows().forEach((row, i) => {
			const legend = row.querySelector("legend");
			legend.textContent = legend.textContent.replace(/\d+/, i + 1);
		});
		add.hidden = rows().length >= most;
		list.dispatchEvent(new Event("change", { bubbles: true })); // the draft is kept
	};
	const add = button("add", list.dataset.add);
	const removable = (row) => {
		const b = button("remove", list.dataset.remove);
		b.addEventListener("click", () => {
			const next = row.nextElementSibling;
			if (rows().length > 1) row.remove();
			else for (const input of inputs(row)) input.value = "";
			changed();
			(next ? first(next) : add).focus();
		});
		row.append(b);
	};
	add.addEventListener("click", () => {
		const row = rows()[0].cloneNode(true);
		last++;
		row.querySelector(".remove").remove();
		for (const input of inputs(row)) {
			input.value = "";
			input.id = input.id.replace(/\d+$/, last);
		}
		for (const label of row.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/\d+$/, last);
		removable(row);
		list.append(row);
		changed();
		first(row).focus();
	});
	rows().forEach(removable);
	list.after(add);
}
