// SPDX-License-Identifier: AGPL-3.0-or-later

// Shows what so much costs while it is typed. The server reckons it: this module
// asks for the same page with what stands in the form, and takes the sum from
// there. Without it a button does the same, and what is sent is checked anyway.

const wait = 350; // milliseconds without a key before asking

for (const form of document.querySelectorAll("form[data-price]")) {
	const quantity = form.elements.namedItem("quantity"), shown = form.elements.namedItem("shown");
	if (quantity && shown && quantity.type !== "hidden") enhance(form, shown);
}

function enhance(form, shown) {
	let timer = 0, asked = 0;

	async function reckon() {
		const now = ++asked;
		const query = new URLSearchParams();
		for (const name of ["id", "quantity", "mode", "as"]) {
			const field = form.elements.namedItem(name);
			if (field && field.value) query.set(name, field.value);
		}
		let page;
		try {
			const answer = await fetch(form.getAttribute("action") + "?" + query, { headers: { accept: "text/html" } });
			page = new DOMParser().parseFromString(await answer.text(), "text/html");
		} catch {
			return; // the button is still there
		}
		if (now !== asked) return; // something else was typed meanwhile
		const sum = form.querySelector("#sum strong"), fresh = page.querySelector("#sum strong");
		const value = page.querySelector("form[data-price] [name=shown]");
		if (!sum || !fresh || !value || !value.value) return;
		sum.textContent = fresh.textContent;
		shown.value = value.value;
	}

	form.addEventListener("input", (e) => {
		if (e.target.name !== "quantity" && e.target.name !== "mode") return;
		clearTimeout(timer);
		timer = setTimeout(reckon, wait);
	});
}
