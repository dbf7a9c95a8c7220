// SPDX-License-Identifier: AGPL-3.0-or-later

// Makes the maps of pages move: dragged, pinched and turned with the wheel,
// and without loading the page again. The server draws each view. Where an
// administrator has chosen a server of tiles, Leaflet shows them instead.

const settle = 350; // milliseconds without a movement before the view is drawn anew

for (const part of document.querySelectorAll(".map-part")) {
	const figure = part.querySelector(".map");
	if (figure.dataset.tiles) tiled(part, figure);
	else movable(part);
}

function movable(part) {
	const pointers = new Map();
	let dx = 0, dy = 0, scale = 1, span = 0, timer = 0, moved = false;

	const canvas = () => part.querySelector(".canvas");

	function draw() {
		for (const layer of canvas().querySelectorAll(":scope > svg")) {
			layer.style.transformOrigin = "50% 50%";
			layer.style.transform = `translate(${dx}px, ${dy}px) scale(${scale})`;
		}
		clearTimeout(timer);
		timer = setTimeout(finish, settle);
	}

	// finish asks the server for the view that was moved to.
	function finish() {
		if (pointers.size > 0) return;
		const [south, west, north, east] = part.querySelector(".map").dataset.box.split(",").map(Number);
		const size = canvas().getBoundingClientRect();
		const left = across(west), right = across(east), top = down(north), bottom = down(south);
		const x = (left + right) / 2 - dx / scale * (right - left) / size.width;
		const y = (top + bottom) / 2 - dy / scale * (bottom - top) / size.height;
		const zoom = Math.log2(1200 / 512 / (right - left)) + Math.log2(scale);
		const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180 / Math.PI;
		const url = new URL(location.href);
		url.searchParams.set("map", [lat.toFixed(4), ((x - .5) * 360).toFixed(4), zoom.toFixed(2)].join(","));
		load(url);
	}

	async function load(url) {
		try {
			const answer = await fetch(url, { headers: { Accept: "text/html" } });
			if (!answer.ok) throw new Error(answer.statusText);
			const page = new DOMParser().parseFromString(await answer.text(), "text/html");
			const fresh = page.querySelector(".map-part");
			if (!fresh) throw new Error("no map");
			const focus = document.activeElement?.closest(".moves a")?.title;
			const open = part.querySelector("details")?.open;
			part.replaceChildren(...fresh.childNodes);
			if (open) part.querySelector("details")?.setAttribute("open", "");
			if (focus) part.querySelector(`.moves a[title="${CSS.escape(focus)}"]`)?.focus();
			history.replaceState(null, "", url);
			begin();
		} catch {
			location.assign(url);
		}
	}

	function begin() {
		dx = dy = span = 0;
		scale = 1;
		const box = canvas();
		box.classList.add("live");
		box.addEventListener("pointerdown", (event) => {
			if (event.target.closest(".moves") || event.button > 0) return;
			pointers.set(event.pointerId, event);
			moved = false;
		});
		box.addEventListener("pointermove", (event) => {
			const before = pointers.get(event.pointerId);
			if (!before) return;
			pointers.set(event.pointerId, event);
			const all = [...pointers.values()];
			if (all.length === 2) {
				const now = Math.hypot(all[0].clientX - all[1].clientX, all[0].clientY - all[1].clientY);
				if (span) scale = Math.min(8, Math.max(.125, scale * now / span));
				span = now;
			}
			dx += (event.clientX - before.clientX) / all.length;
			dy += (event.clientY - before.clientY) / all.length;
			if (Math.hypot(dx, dy) > 6 || all.length > 1) {
				moved = true;
				if (!box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
				box.classList.add("moving");
				draw();
			}
		});
		for (const end of ["pointerup", "pointercancel"]) {
			box.addEventListener(end, (event) => {
				pointers.delete(event.pointerId);
				span = 0;
				box.classList.remove("moving");
				if (moved) draw();
			});
		}
		box.addEventListener("click", (event) => {
			const link = event.target.closest("a");
			if (moved) return event.preventDefault();
			const url = link && new URL(link.getAttribute("href"), location.href);
			if (!url || url.pathname !== location.pathname || url.hash !== "#map") return;
			event.preventDefault();
			load(url);
		});
		box.addEventListener("dragstart", (event) => event.preventDefault());
		box.addEventListener("wheel", (event) => {
			if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
			event.preventDefault();
			scale = Math.min(8, Math.max(.125, scale * Math.exp(-event.deltaY / 300)));
			draw();
		}, { passive: false });
	}
	begin();
}

function across(longitude) { return longitude / 360 + .5; }

function down(latitude) {
	const sin = Math.sin(latitude * Math.PI / 180);
	return .5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

async function tiled(part, figure) {
	const sheet = document.createElement("link");
	sheet.rel = "stylesheet";
	sheet.href = figure.dataset.sheet;
	document.head.append(sheet);
	await Promise.all([import(figure.dataset.leaflet), new Promise((done) => { sheet.onload = sheet.onerror = done; })]);
	const L = window.L;
	const [south, west, north, east] = figure.dataset.box.split(",").map(Number);
	const canvas = figure.querySelector(".canvas");
	const rows = [...part.querySelectorAll("tr[data-lat]")];
	const spots = rows.length ? rows.map((row) => spotOfRow(row)) : [...canvas.querySelectorAll(".map-marks > a")].map((link) => ({
		lat: +link.dataset.lat, lon: +link.dataset.lon, kind: link.getAttribute("class"), name: link.getAttribute("aria-label"), url: "", number: "",
	}));
	const element = document.createElement("div");
	element.className = "leaflet";
	canvas.replaceChildren(element);
	const map = L.map(element, { scrollWheelZoom: false, attributionControl: true });
	map.attributionControl.setPrefix(false);
	const credit = document.createElement("span");
	credit.textContent = figure.dataset.credit; // text: what an administrator typed is no markup
	// OpenStreetMap and others answer only who says where they come from: the site, not the page.
	L.tileLayer(figure.dataset.tiles, { attribution: credit.innerHTML, maxZoom: 19, referrerPolicy: "strict-origin" }).addTo(map);
	map.fitBounds([[south, west], [north, east]]);
	for (const spot of spots) {
		const marker = L.marker([spot.lat, spot.lon], {
			icon: L.divIcon({ className: "pin " + spot.kind, html: spot.number, iconSize: null, iconAnchor: [16, 16] }), alt: spot.name, title: spot.name,
		}).addTo(map);
		const popup = document.createElement(spot.url ? "a" : "span");
		popup.textContent = spot.name;
		if (spot.url) popup.href = spot.url;
		marker.bindPopup(popup);
	}
}

function spotOfRow(row) {
	const link = row.querySelector("a");
	return { lat: +row.dataset.lat, lon: +row.dataset.lon, kind: row.className, name: link.textContent, url: link.getAttribute("href"), number: row.cells[0].textContent };
}
