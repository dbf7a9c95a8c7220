// SPDX-License-Identifier: AGPL-3.0-or-later

// What makes every page a little more comfortable: menus close when one goes
// elsewhere, and addresses can be copied by a button. Without it they are
// closed by the button that opened them, and copied by hand.

const menus = () => document.querySelectorAll("details.menu[open]");

// A menu that the keyboard has left would hide what is reached next.
for (const left of ["click", "focusin"]) {
	document.addEventListener(left, (event) => {
		for (const menu of menus()) {
			if (!menu.contains(event.target)) menu.open = false;
		}
	});
}

document.addEventListener("keydown", (event) => {
	if (event.key !== "Escape") return;
	for (const menu of menus()) {
		menu.open = false;
		menu.querySelector("summary").focus();
	}
});

for (const button of document.querySelectorAll("button[data-copy]")) {
	const from = document.getElementById(button.dataset.copy);
	if (!from || !navigator.clipboard) continue;
	button.hidden = false;
	button.addEventListener("click", async () => {
		await navigator.clipboard.writeText(from.textContent.trim());
		button.querySelector("[data-said]").textContent = button.dataset.copied;
	});
}
