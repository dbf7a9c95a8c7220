// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// Software is our name in NodeInfo and in the User-Agent.
const (
	Software   = "maillage"
	Repository = "https://codeberg.org/maillage/maillage"
)

type link struct {
	Rel      string `json:"rel"`
	Type     string `json:"type,omitempty"`
	Href     string `json:"href,omitempty"`
	Template string `json:"template,omitempty"`
}

func jsonDocument(mediaType string, v any) (document, error) {
	raw, err := json.Marshal(v)
	return document{mediaType: mediaType, body: raw}, err
}

// webfinger finds an actor by its handle, its id or its page; the instance
// actor by the address of the server (FEP-d556). RFC 7033.
func (d *Documents) webfinger(ctx context.Context, r *http.Request) (document, error) {
	resource := r.URL.Query().Get("resource")
	if resource == "" || len(resource) > federation.MaxIRI {
		return document{}, fmt.Errorf("%w: webfinger without a resource", federation.ErrMalformed)
	}
	id, err := d.resource(resource)
	if err != nil {
		return document{}, err
	}
	var a *federation.Actor
	err = d.DB.Glance(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Actor(ctx, id)
		return err
	})
	switch {
	case err != nil:
		return document{}, err
	case a.Gone:
		return document{}, fmt.Errorf("%w: %s", federation.ErrGone, id)
	}
	doc, err := jsonDocument("application/jrd+json", d.jrd(a))
	return doc, err
}

// resource returns the id of the actor that a WebFinger resource names.
func (d *Documents) resource(s string) (federation.IRI, error) {
	host := d.local("").Host()
	if handle, ok := strings.CutPrefix(s, "acct:"); ok || !strings.Contains(s, "://") {
		name, at, ok := strings.Cut(strings.TrimPrefix(handle, "@"), "@")
		if !ok || !strings.EqualFold(at, host) {
			return "", fmt.Errorf("%s: %w", s, federation.ErrNotFound)
		}
		name = strings.ToLower(name)
		if name == "relay" || name == strings.ToLower(host) || name == strings.ToLower(d.hostname()) {
			return InstanceActor(d.Origin), nil
		}
		return d.local("/actors/" + name), nil
	}
	id, err := federation.ParseIRI(s)
	switch {
	case err != nil:
		return "", err
	case id.Origin() != d.Origin:
		return "", notHere(id)
	case strings.Trim(string(id), "/") == d.Origin:
		return InstanceActor(d.Origin), nil
	}
	if name, ok := strings.CutPrefix(string(id), d.Origin+"/@"); ok {
		return d.local("/actors/" + strings.ToLower(name)), nil
	}
	return id, nil
}

// hostname is our host without its port.
func (d *Documents) hostname() string {
	u, err := url.Parse(d.Origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (d *Documents) jrd(a *federation.Actor) any {
	id := string(a.ID)
	links := []link{
		{Rel: "self", Type: vocab.ActivityJSON, Href: id},
		{Rel: "self", Type: vocab.MediaType, Href: id},
		{Rel: "http://webfinger.net/rel/profile-page", Type: "text/html", Href: a.URL},
		{Rel: "http://ostatus.org/schema/1.0/subscribe", Template: d.Origin + "/authorize_interaction?uri={uri}"},
	}
	for _, verb := range []string{"Follow", "Object", "Like", "Announce"} { // FEP-3b86
		links = append(links, link{Rel: "https://w3id.org/fep/3b86/" + verb, Template: d.Origin + "/authorize_interaction?uri={object}"})
	}
	links = append(links, link{
		Rel:      "https://w3id.org/fep/3b86/Create",
		Template: d.Origin + "/share?text={content}&title={name}&url={attachment}&reply={inReplyTo}",
	})
	if a.Icon != nil {
		links = append(links, link{Rel: "http://webfinger.net/rel/avatar", Type: a.Icon.MediaType, Href: a.Icon.URL})
	}
	if a.Type == "Application" {
		links = append(links, link{Rel: "https://www.w3.org/ns/activitystreams#Service", Type: vocab.ActivityJSON, Href: id})
	}
	return struct {
		Subject string   `json:"subject"`
		Aliases []string `json:"aliases"`
		Links   []link   `json:"links"`
	}{"acct:" + a.Username + "@" + a.ID.Host(), []string{id, a.URL}, links}
}

// hostMeta tells old clients where WebFinger is. RFC 6415.
func (d *Documents) hostMeta(context.Context, *http.Request) (document, error) {
	xrd := `<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" type="application/jrd+json" template="` + d.Origin + `/.well-known/webfinger?resource={uri}"/>
</XRD>
`
	return document{mediaType: "application/xrd+xml; charset=utf-8", body: []byte(xrd)}, nil
}

// nodeInfoLinks says where NodeInfo is, and who the instance actor is
// (FEP-2677): this is how Mobilizon and Gancio follow a whole instance.
func (d *Documents) nodeInfoLinks(context.Context, *http.Request) (document, error) {
	const schema = "http://nodeinfo.diaspora.software/ns/schema/"
	return jsonDocument("application/json", map[string]any{"links": []link{
		{Rel: schema + "2.1", Href: d.Origin + "/nodeinfo/2.1"},
		{Rel: schema + "2.0", Href: d.Origin + "/nodeinfo/2.0"},
		{Rel: "https://www.w3.org/ns/activitystreams#Application", Href: string(InstanceActor(d.Origin))},
	}})
}

// nodeInfo describes the server. FEP-f1d5, FEP-0151.
func (d *Documents) nodeInfo(ctx context.Context, r *http.Request) (document, error) {
	version := r.PathValue("version")
	if version != "2.0" && version != "2.1" {
		return document{}, notHere(d.local(r.URL.Path))
	}
	software := map[string]any{"name": Software, "version": d.Version}
	if version == "2.1" {
		software["repository"], software["homepage"] = Repository, Repository
	}
	var posts, users int
	metadata := map[string]any{}
	err := d.DB.View(ctx, func(tx *store.Tx) (err error) {
		if posts, err = tx.CountObjects(ctx, ""); err != nil {
			return err
		}
		people, err := tx.LocalActors(ctx, "Person")
		users = len(people)
		if err != nil {
			return err
		}
		initiative, err := tx.Initiative(ctx)
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		if err == nil {
			metadata["nodeName"], metadata["nodeDescription"] = initiative.Name, vocab.Text(initiative.Summary)
			metadata["staffAccounts"] = []string{string(initiative.ID)}
		}
		return err
	})
	if err != nil {
		return document{}, err
	}
	return jsonDocument(`application/json; profile="http://nodeinfo.diaspora.software/ns/schema/`+version+`#"`, map[string]any{
		"version": version, "software": software, "protocols": []string{"activitypub"},
		"services":          map[string]any{"inbound": []string{}, "outbound": []string{}},
		"openRegistrations": false,
		"usage":             map[string]any{"users": map[string]any{"total": users}, "localPosts": posts},
		"metadata":          metadata,
	})
}
