// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"golang.org/x/net/html"
)

// A device holds one passkey, as a phone does.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	counter uint32
	origin  string // of the page it believes to be on
	unsure  bool   // does not verify its owner
}

func newDevice(t *testing.T) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &device{t: t, key: key, id: []byte("device-" + rand.Text()), origin: origin}
}

// asked is what a page asks the device.
type asked struct {
	PublicKey struct {
		Challenge string
		User      struct{ ID string }
	}
}

// optionsOf reads what a page asks, and the hidden fields of its form.
func optionsOf(t *testing.T, body string) (a asked, form url.Values) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	walk(doc, func(n *html.Node) {
		if o := attr(n, "data-options"); o != "" {
			must(t, json.Unmarshal([]byte(o), &a))
		}
	})
	if a.PublicKey.Challenge == "" {
		t.Fatalf("nothing is asked in\n%s", body)
	}
	return a, hidden(t, body)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) client(kind, challenge string) []byte {
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	must(d.t, err)
	return b
}

// data is what the device says of itself: for which host, whether its owner
// was there, how often it was used.
func (d *device) data(attested []byte) []byte {
	host := sha256.Sum256([]byte("amap.example"))
	flags := byte(0x05) // present and verified
	if d.unsure {
		flags = 0x01
	}
	if attested != nil {
		flags |= 0x40
	}
	out := append(host[:], flags)
	out = binary.BigEndian.AppendUint32(out, d.counter)
	return append(out, attested...)
}

func (d *device) make(a asked) string {
	d.t.Helper()
	user, err := base64.RawURLEncoding.DecodeString(a.PublicKey.User.ID)
	must(d.t, err)
	d.user = user
	point, err := d.key.PublicKey.Bytes()
	must(d.t, err)
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	must(d.t, err)
	attested := make([]byte, 16)
	attested = binary.BigEndian.AppendUint16(attested, uint16(len(d.id)))
	attested = append(append(attested, d.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.data(attested)})
	must(d.t, err)
	return d.answer(map[string]any{
		"clientDataJSON": b64(d.client("webauthn.create", a.PublicKey.Challenge)), "attestationObject": b64(object), "transports": []string{"internal"},
	})
}

func (d *device) use(a asked) string {
	d.t.Helper()
	d.counter++
	data, client := d.data(nil), d.client("webauthn.get", a.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signed, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	must(d.t, err)
	return d.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signed), "userHandle": b64(d.user),
	})
}

func (d *device) answer(response map[string]any) string {
	b, err := json.Marshal(map[string]any{
		"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response,
	})
	must(d.t, err)
	return string(b)
}

// enrol adds the device to the account of a browser.
func (d *device) enrol(b *browser, name string) response {
	d.t.Helper()
	page := b.post("/account/passkeys", url.Values{"name": {name}, "password": {"trois petits chats"}}).wants(d.t, 200, "passkey-")
	a, form := optionsOf(d.t, page.body)
	form.Set("credential", d.make(a))
	return b.post("/account/passkeys", form)
}

// signIn asks for a passkey from the page of signing in.
func (d *device) signIn(b *browser, form url.Values) response {
	d.t.Helper()
	page := b.post("/sign-in/passkey", form).wants(d.t, 200)
	a, form := optionsOf(d.t, page.body)
	form.Set("credential", d.use(a))
	return b.post("/sign-in/passkey", form)
}

func TestAPasskeySignsInAloneAndAsSecondStep(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		i.password("member", "trois petits chats")
		b := i.as("member")
		b.post("/account/passkeys", url.Values{"password": {"trois petits chats"}}).wants(t, 422, "Donnez un nom")
		b.post("/account/passkeys", url.Values{"name": {"x"}, "password": {"no"}}).wants(t, 422, "votre mot de passe")
		phone := newDevice(t)
		phone.enrol(b, "Mon téléphone").wants(t, 200, "Vos codes de secours")
		b.get("/account/security").wants(t, 200, "Mon téléphone", "jamais utilisé")

		// Alone: the device knows whose it is and verified them.
		c := i.browser()
		if to := phone.signIn(c, url.Values{"next": {"/feed"}}).wants(t, 303).Header.Get("Location"); to != "/feed" {
			t.Errorf("went to %s", to)
		}
		c.get("/account").wants(t, 200)

		// As second step after the password, where presence is enough.
		phone.unsure = true
		c = i.browser()
		page := c.post("/sign-in", url.Values{"name": {"member"}, "password": {"trois petits chats"}, "next": {"/events"}}).wants(t, 200, "Encore une étape")
		half := hidden(t, page.body)
		phone.signIn(c, url.Values{"half": half["token"]}).wants(t, 303)
		c.get("/account").wants(t, 200)
		phone.signIn(i.browser(), url.Values{}).wants(t, 422) // alone, it is not

		// A second one has another name; the first is removed.
		newDevice(t).enrol(b, "Clé USB").wants(t, 303)
		list := b.get("/account/security").wants(t, 200, "Clé USB", "Mon téléphone")
		if strings.Count(list.body, `name="passkey"`) != 2 {
			t.Error("not two passkeys")
		}
		b.post("/account/security", url.Values{"action": {"forget"}, "password": {"trois petits chats"}, "passkey": {b64(phone.id)}}).wants(t, 303)
		phone.unsure = false
		phone.signIn(i.browser(), url.Values{}).wants(t, 422)
	})
}

func TestAPasskeyThatIsNotRight(t *testing.T) {
	i := lone(t)
	i.password("member", "trois petits chats")
	b := i.as("member")
	phone := newDevice(t)
	phone.enrol(b, "Mon téléphone")
	try := func(words string, d *device) {
		t.Helper()
		c := i.browser()
		if got := d.signIn(c, url.Values{}); got.StatusCode != 422 {
			t.Errorf("%s: %d", words, got.StatusCode)
		}
		c.get("/account").wants(t, 303)
	}
	other := *phone
	other.origin = "https://amap.example.evil.example"
	try("of another site", &other)
	other = *phone
	other.key = newDevice(t).key
	try("signed by another key", &other)
	other = *phone
	other.user = []byte("account:1")
	try("for another account", &other)
	phone.counter = 10
	phone.signIn(i.browser(), url.Values{}).wants(t, 303)
	copied := *phone
	copied.counter = 2
	try("a copy, whose counter is behind", &copied)

	// An answer serves once.
	c := i.browser()
	page := c.post("/sign-in/passkey", url.Values{}).wants(t, 200)
	a, form := optionsOf(t, page.body)
	form.Set("credential", phone.use(a))
	c.post("/sign-in/passkey", form).wants(t, 303)
	i.browser().post("/sign-in/passkey", form).wants(t, 422)
	form.Set("credential", "{")
	i.browser().post("/sign-in/passkey", form).wants(t, 422)

	// The challenge of one account makes no passkey for another.
	begun := b.post("/account/passkeys", url.Values{"name": {"x"}, "password": {"trois petits chats"}}).wants(t, 200)
	a, form = optionsOf(t, begun.body)
	form.Set("credential", newDevice(t).make(a))
	i.as("editor").post("/account/passkeys", form).wants(t, 422)
}
