// SPDX-License-Identifier: AGPL-3.0-or-later

// What makes the form of a post more comfortable: it is kept while one types,
// and the parts of a price are added up. The form works without.

const form = document.querySelector("form.compose");
document.querySelector(".problems, .preview-of")?.scrollIntoView();
document.querySelector(".problems")?.focus();
if (form) {
	keep(form);
	total(form);
}

// keep saves a draft every twenty seconds if something changed, and when the
// page is left. Files are not sent: they travel with the form only.
function keep(form) {
	const status = form.querySelector(".kept");
	let changed = false, sent = false, busy = false;
	form.addEventListener("input", () => { changed = true; });
	form.addEventListener("change", () => { changed = true; });
	form.addEventListener("submit", () => { sent = true; });
	const typed = () => {
		const data = new FormData(form);
		for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
		data.set("form", form.getAttribute("action")); // form.action is the input of that name
		return data;
	};
	const save = async () => {
		if (!changed || sent || busy) return;
		changed = false;
		busy = true;
		try {
			const answer = await fetch("/drafts/keep", { method: "POST", body: typed(), redirect: "error" });
			if (answer.status === 404 && form.elements.draft.value) { // published or deleted elsewhere
				form.elements.draft.value = "";
				changed = true;
			} else if (!answer.ok) {
				throw new Error(answer.status);
			} else {
				form.elements.draft.value = await answer.text();
				const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
				status.textContent = form.dataset.kept + " " + clock.format(new Date());
			}
		} catch {
			changed = true;
			status.textContent = form.dataset.unkept;
		}
		busy = false;
	};
	setInterval(save, 20000);
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState !== "hidden" || !changed || sent || busy) return;
		if (navigator.sendBeacon("/drafts/keep", typed()) && form.elements.draft.value) changed = false;
	});
}

// total says what the parts of a price make while they are typed. The server
// adds them up again.
function total(form) {
	const output = form.querySelector("#parts-total");
	if (!output) return;
	const price = form.elements.price;
	const amounts = form.querySelectorAll("[name='part.amount']");
	const lang = document.documentElement.lang;
	const write = (millionths) => {
		const n = new Intl.NumberFormat(lang, { maximumFractionDigits: 6 }).format(millionths / 1e6);
		const currency = form.elements["currency.other"].value || form.elements.currency.selectedOptions[0].label;
		return n + "\u202f" + currency;
	};
	const show = () => {
		const parts = [...amounts].filter((a) => a.value.trim() !== "").map((a) => number(a.value));
		const whole = number(price.value);
		output.classList.remove("equal");
		output.textContent = "";
		if (parts.length === 0 || whole === null || parts.includes(null)) return;
		const sum = parts.reduce((a, b) => a + b, 0);
		output.classList.toggle("equal", sum === whole);
		const words = sum === whole ? output.dataset.equal : sum < whole ? output.dataset.less : output.dataset.more;
		output.textContent = words.replace("{sum}", write(sum)).replace("{price}", write(whole)).replace("{rest}", write(Math.abs(whole - sum)));
	};
	form.addEventListener("input", show);
}

// number reads an amount in millionths, so that 0.1 and 0.2 make 0.3; null if
// it is none.
function number(typed) {
	const text = typed.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".");
	return /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Math.round(Number(text) * 1e6) : null;
}
