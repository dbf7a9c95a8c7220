// SPDX-License-Identifier: AGPL-3.0-or-later

// The server of a visitor who follows from elsewhere, remembered in this
// browser and nowhere else: its name, and where it lets people confirm. With it
// the second time takes one button. Without this script a cookie does.

const key = "server";

function known() {
	try {
		const server = JSON.parse(localStorage.getItem(key));
		return server && typeof server.host === "string" && server.patterns ? server : null;
	} catch {
		return null;
	}
}

// address fills in a pattern; null if it leads anywhere but to a web page of
// the host that is shown.
function address(pattern, object, handle) {
	const filled = pattern
		.replaceAll("{object}", encodeURIComponent(object))
		.replaceAll("{handle}", encodeURIComponent(handle.replace(/^@/, "") || object));
	try {
		const url = new URL(filled);
		return url.protocol === "https:" || url.protocol === location.protocol ? url : null;
	} catch {
		return null;
	}
}

function remember(page) {
	const server = known();
	const patterns = server && server.host === page.dataset.host ? server.patterns : {};
	patterns[page.dataset.verb] = page.dataset.pattern;
	try {
		localStorage.setItem(key, JSON.stringify({ host: page.dataset.host, patterns }));
	} catch {
		return; // private windows may refuse
	}
	page.querySelector(".kept")?.removeAttribute("hidden");
}

function button(part, url, host) {
	const box = document.createElement("p");
	box.className = "known";
	const link = document.createElement("a");
	link.className = "button";
	link.href = url.href;
	link.rel = "nofollow noopener noreferrer";
	link.textContent = part.dataset.go.replace("%s", url.host);
	box.append(link);

	const note = document.createElement("p");
	const forget = document.createElement("button");
	forget.type = "button";
	forget.className = "quiet";
	forget.textContent = part.dataset.forget;
	forget.addEventListener("click", () => {
		localStorage.removeItem(key);
		box.remove();
		note.remove();
		part.querySelector("input:not([type=hidden])")?.focus();
	});
	note.append(part.dataset.kept.replace("%s", host) + " ", forget);
	part.querySelector("form.yours").before(box, note);
}

const page = document.querySelector(".leave[data-pattern]");
if (page) {
	remember(page);
}

const server = known();
for (const part of document.querySelectorAll(".followfrom")) {
	if (!server || part.querySelector(".known")) {
		continue;
	}
	const pattern = server.patterns[part.dataset.verb] ?? server.patterns.Object;
	const url = pattern && address(pattern, part.dataset.object, part.dataset.handle);
	if (url) {
		button(part, url, server.host);
	}
}

// What this script remembers needs no cookie.
for (const form of document.querySelectorAll("form.yours")) {
	const field = document.createElement("input");
	field.type = "hidden";
	field.name = "remember";
	field.value = "browser";
	form.append(field);
}
