// SPDX-License-Identifier: AGPL-3.0-or-later

// Asks the device for a passkey and sends its answer with the form. There is no
// other way to reach a device: without this module the page says what to do
// instead.

const form = document.querySelector("form[data-passkey]");
const failed = document.getElementById("passkey-failed");

function bytes(text) {
	const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
	return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

function text(buffer) {
	let plain = "";
	for (const b of new Uint8Array(buffer)) plain += String.fromCharCode(b);
	return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function named(list) {
	return (list ?? []).map((c) => ({ ...c, id: bytes(c.id) }));
}

async function make(options) {
	const o = options.publicKey;
	const c = await navigator.credentials.create({
		publicKey: { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: named(o.excludeCredentials) },
	});
	return {
		id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
		response: {
			clientDataJSON: text(c.response.clientDataJSON), attestationObject: text(c.response.attestationObject),
			transports: c.response.getTransports?.() ?? [],
		},
	};
}

async function use(options) {
	const o = options.publicKey;
	const c = await navigator.credentials.get({
		publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials) },
	});
	return {
		id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(),
		response: {
			clientDataJSON: text(c.response.clientDataJSON), authenticatorData: text(c.response.authenticatorData),
			signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : null,
		},
	};
}

async function ask() {
	failed.hidden = true;
	try {
		const options = JSON.parse(form.dataset.options);
		const answer = form.dataset.passkey === "make" ? await make(options) : await use(options);
		form.elements.credential.value = JSON.stringify(answer);
		form.submit();
	} catch {
		failed.hidden = false;
	}
}

if (form && window.PublicKeyCredential) {
	const go = form.querySelector("button");
	go.hidden = false;
	document.getElementById("passkey-none").hidden = true;
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		ask();
	});
	ask();
}
