// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"golang.org/x/net/html"
)

// visitors are who the tables below have columns for.
var visitors = []string{"", "member", "editor", "moderator", "admin"}

// expected says what each GET answers, in the order of visitors.
var expected = map[string][5]int{
	"/{$}":                              {200, 200, 200, 200, 200},
	"/{handle}":                         {200, 200, 200, 200, 200},
	"/actors/{name}":                    {200, 200, 200, 200, 200},
	"/actors/{name}/{collection}":       {303, 303, 303, 303, 303},
	"/objects/{id}":                     {200, 200, 200, 200, 200},
	"/calendars/{secret}":               {404, 404, 404, 404, 404},
	"/account/calendar":                 {303, 200, 200, 200, 200},
	"/series/{id}":                      {200, 200, 200, 200, 200},
	"/activities/{id}":                  {404, 404, 404, 404, 404},
	"/events":                           {200, 200, 200, 200, 200},
	"/offers":                           {200, 200, 200, 200, 200},
	"/needs":                            {200, 200, 200, 200, 200},
	"/tags/{tag}":                       {200, 200, 200, 200, 200},
	"/search":                           {200, 200, 200, 200, 200},
	"/about":                            {200, 200, 200, 200, 200},
	"/design":                           {200, 200, 200, 200, 200},
	"/accessibility":                    {200, 200, 200, 200, 200},
	"/sign-in":                          {200, 303, 303, 303, 303},
	"/sign-in/link":                     {200, 200, 200, 200, 200},
	"/account":                          {303, 200, 200, 200, 200},
	"/invitation":                       {404, 404, 404, 404, 404},
	"/settings/invitations":             {303, 403, 200, 403, 200},
	"/guest/stop":                       {200, 200, 200, 200, 200},
	"/settings/calendars":               {303, 403, 200, 403, 200},
	"/settings/calendars/{calendar}":    {303, 403, 404, 403, 404},
	"/settings/calendars/import":        {303, 403, 200, 403, 200},
	"/settings/calendars/import/{file}": {303, 403, 404, 403, 404},
	"/answers":                          {303, 200, 200, 200, 200},
	"/settings/audit":                   {303, 403, 403, 403, 200},
	"/settings/audit/table":             {303, 403, 403, 403, 200},
	"/goodbye":                          {200, 200, 200, 200, 200},
	"/account/data":                     {303, 200, 200, 200, 200},
	"/account/moving":                   {303, 200, 200, 200, 200},
	"/account/export":                   {303, 200, 200, 200, 200},
	"/settings/departures":              {303, 403, 403, 403, 200},
	"/following/table":                  {303, 200, 200, 200, 200},
	"/account/security":                 {303, 200, 200, 200, 200},
	"/account/devices":                  {303, 200, 200, 200, 200},
	"/account/tokens":                   {303, 200, 200, 200, 200},
	"/profile":                          {303, 200, 200, 200, 200},
	"/feed":                             {303, 200, 200, 200, 200},
	"/notifications":                    {303, 200, 200, 200, 200},
	"/publish/import":                   {303, 200, 200, 200, 200},
	"/publish/import/{file}":            {303, 404, 404, 404, 404},
	"/publish/import/{file}/rejects":    {303, 404, 404, 404, 404},
	"/offers/table":                     {303, 200, 200, 200, 200},
	"/offers/catalogue":                 {303, 200, 200, 200, 200},
	"/exchanges/table":                  {303, 200, 200, 200, 200},
	"/matches":                          {303, 200, 200, 200, 200},
	"/alerts":                           {303, 200, 200, 200, 200},
	"/publish/offer":                    {303, 200, 200, 200, 200},
	"/publish/need":                     {303, 200, 200, 200, 200},
	"/publish/event":                    {303, 200, 200, 200, 200},
	"/publish/note":                     {303, 200, 200, 200, 200},
	"/publish/article":                  {303, 200, 200, 200, 200},
	"/publish":                          {303, 200, 200, 200, 200},
	"/drafts":                           {303, 200, 200, 200, 200},
	"/drafts/{draft}":                   {303, 404, 404, 404, 404},
	"/objects/{id}/duplicate":           {303, 404, 200, 404, 200},
	"/objects/{id}/deliveries":          {303, 404, 200, 404, 200},
	"/objects/{id}/edit":                {303, 404, 200, 404, 200},
	"/objects/{id}/delete":              {303, 404, 200, 404, 200},
	"/objects/{id}/answers":             {303, 404, 404, 404, 404}, // an offer is no event
	"/objects/{id}/answers/table":       {303, 404, 404, 404, 404},
	"/objects/{id}/answers/sheet":       {303, 404, 404, 404, 404},
	"/objects/{id}/answer":              {404, 404, 404, 404, 404},
	"/guest":                            {200, 200, 200, 200, 200},
	"/respond":                          {303, 404, 404, 404, 404}, // to what?
	"/respond/confirm":                  {200, 200, 200, 200, 200},
	"/objects/{id}/exchanges":           {303, 404, 200, 404, 200},
	"/objects/{id}/exchanges/sheet":     {303, 404, 200, 404, 200},
	"/objects/{id}/exchanges/table":     {303, 404, 200, 404, 200},
	"/objects/{id}/renewal":             {303, 404, 404, 404, 404}, // that one is no season
	"/record":                           {303, 404, 404, 404, 404},
	"/exchanges":                        {303, 200, 200, 200, 200},
	"/exchanges/{id}":                   {303, 404, 404, 404, 404},
	"/exchanges/{id}/receipt":           {303, 404, 404, 404, 404},
	"/report":                           {404, 404, 404, 404, 404},
	"/follow":                           {303, 200, 200, 200, 200},
	"/subscribe":                        {404, 404, 404, 404, 404}, // no mail is sent here
	"/mail/confirm":                     {404, 404, 404, 404, 404},
	"/mail/manage":                      {404, 404, 404, 404, 404},
	"/mail/stop":                        {404, 404, 404, 404, 404},
	"/authorize_interaction":            {303, 200, 200, 200, 200},
	"/share":                            {303, 200, 200, 200, 200},
	"/remote-follow":                    {200, 200, 200, 200, 200},
	"/following":                        {303, 200, 200, 200, 200},
	"/followers":                        {303, 200, 200, 200, 200},
	"/peer/objects":                     {303, 404, 404, 404, 404},
	"/peer/actors":                      {303, 404, 404, 404, 404},
	"/settings/reports":                 {303, 403, 403, 200, 200},
	"/settings/suspensions":             {303, 403, 403, 200, 200},
	"/settings":                         {303, 403, 403, 200, 200},
	"/settings/circuits":                {303, 403, 403, 403, 200},
	"/settings/accounts":                {303, 403, 403, 403, 200},
	"/settings/peers":                   {303, 403, 403, 403, 200},
}

// posted says what each POST with an empty form answers.
var posted = map[string][5]int{
	"/sign-in":                          {422, 422, 422, 422, 422},
	"/sign-in/mail":                     {422, 422, 422, 422, 422},
	"/sign-in/link":                     {422, 422, 422, 422, 422},
	"/invitation":                       {404, 404, 404, 404, 404},
	"/settings/invitations":             {401, 403, 422, 403, 422},
	"/settings/invitations/change":      {401, 403, 404, 403, 404},
	"/guest/stop":                       {200, 200, 200, 200, 200},
	"/settings/calendars":               {401, 403, 422, 403, 422},
	"/settings/calendars/{calendar}":    {401, 403, 404, 403, 404},
	"/settings/calendars/import":        {401, 403, 422, 403, 422},
	"/settings/calendars/import/{file}": {401, 403, 404, 403, 404},
	"/settings/circuits/grant":          {401, 403, 403, 403, 404},
	"/sign-in/second":                   {422, 422, 422, 422, 422},
	"/sign-in/passkey":                  {200, 200, 200, 200, 200}, // asks the device
	"/sign-out":                         {303, 303, 303, 303, 303},
	"/remote-follow":                    {422, 422, 422, 422, 422},
	"/subscribe":                        {404, 404, 404, 404, 404},
	"/mail/confirm":                     {404, 404, 404, 404, 404},
	"/mail/manage":                      {404, 404, 404, 404, 404},
	"/mail/stop":                        {404, 404, 404, 404, 404},
	"/remote-follow/forget":             {303, 303, 303, 303, 303},
	"/account":                          {401, 422, 422, 422, 422},
	"/account/language":                 {401, 303, 303, 303, 303},
	"/account/mail":                     {401, 422, 422, 422, 422},
	"/account/security":                 {401, 400, 400, 400, 400},
	"/account/data":                     {401, 422, 422, 422, 422},
	"/account/moving":                   {401, 422, 422, 422, 422},
	"/account/moving/forget":            {401, 303, 303, 303, 303},
	"/account/moving/go":                {401, 422, 422, 422, 422},
	"/feed/read":                        {401, 303, 303, 303, 303},
	"/following/import":                 {401, 422, 422, 422, 422},
	"/account/passkeys":                 {401, 422, 422, 422, 422},
	"/account/devices":                  {401, 404, 404, 404, 404},
	"/account/tokens":                   {401, 422, 422, 422, 422},
	"/account/tokens/end":               {401, 404, 404, 404, 404},
	"/profile":                          {401, 422, 422, 422, 422},
	"/notifications/read":               {401, 303, 303, 303, 303},
	"/publish/offer":                    {401, 422, 422, 422, 422},
	"/publish/need":                     {401, 422, 422, 422, 422},
	"/publish/event":                    {401, 422, 422, 422, 422},
	"/publish/note":                     {401, 422, 422, 422, 422},
	"/publish/article":                  {401, 422, 422, 422, 422},
	"/account/calendar":                 {401, 303, 303, 303, 303},
	"/series/{id}/cancel":               {401, 404, 422, 404, 422},
	"/series/{id}/end":                  {401, 404, 422, 404, 422},
	"/series/{id}/add":                  {401, 404, 422, 404, 422},
	"/drafts/keep":                      {401, 404, 404, 404, 404},
	"/drafts/{draft}/delete":            {401, 303, 303, 303, 303},
	"/objects/{id}/deliveries":          {401, 403, 403, 403, 303},
	"/objects/{id}/edit":                {401, 404, 422, 404, 422},
	"/objects/{id}/close":               {401, 404, 303, 404, 303},
	"/objects/{id}/reopen":              {401, 404, 303, 404, 303},
	"/objects/{id}/cancel":              {401, 404, 409, 404, 409}, // an offer is no event
	"/objects/{id}/delete":              {401, 404, 303, 404, 404}, // the editor deletes it first
	"/answer":                           {401, 404, 404, 404, 404},
	"/account/reminders":                {401, 303, 303, 303, 303},
	"/answer/remind":                    {401, 404, 404, 404, 404},
	"/alerts":                           {401, 422, 422, 422, 422},
	"/alerts/{alert}":                   {401, 404, 404, 404, 404}, // none has one
	"/publish/import":                   {401, 422, 422, 422, 422},
	"/publish/import/{file}":            {401, 404, 404, 404, 404},
	"/answer/slot":                      {401, 404, 404, 404, 404},
	"/objects/{id}/answers":             {401, 404, 404, 404, 404},
	"/objects/{id}/answers/add":         {401, 404, 404, 404, 404},
	"/objects/{id}/answers/write":       {401, 404, 404, 404, 404},
	"/objects/{id}/answers/invite":      {401, 404, 404, 404, 404},
	"/objects/{id}/answers/slot":        {401, 404, 404, 404, 404},
	"/objects/{id}/answer":              {404, 404, 404, 404, 404},
	"/guest":                            {200, 200, 200, 200, 200},
	"/respond":                          {401, 404, 404, 404, 404},
	"/respond/confirm":                  {200, 200, 200, 200, 200},
	"/respond/forget":                   {200, 200, 200, 200, 200},
	"/objects/{id}/exchanges":           {401, 404, 404, 404, 404},
	"/objects/{id}/renewal":             {401, 404, 404, 404, 404},
	"/record":                           {401, 404, 404, 404, 404},
	"/exchanges/{id}":                   {401, 404, 404, 404, 404},
	"/react":                            {401, 400, 400, 400, 400},
	"/reply":                            {401, 404, 404, 404, 404},
	"/report":                           {404, 404, 404, 404, 404},
	"/follow":                           {401, 422, 422, 422, 422},
	"/follow/actor":                     {401, 404, 404, 404, 404},
	"/unfollow":                         {401, 404, 404, 404, 404},
	"/followers/accept":                 {401, 400, 400, 400, 400},
	"/followers/remove":                 {401, 404, 404, 404, 404},
	"/block":                            {401, 404, 404, 404, 404},
	"/unblock":                          {401, 404, 404, 404, 404},
	"/settings/reports":                 {401, 403, 403, 404, 404},
	"/settings/suspensions":             {401, 403, 403, 422, 422},
	"/settings/suspensions/lift":        {401, 403, 403, 404, 404},
	"/settings/circuits":                {401, 403, 403, 403, 422},
	"/settings/accounts":                {401, 403, 403, 403, 422},
	"/settings/accounts/{account}":      {401, 403, 403, 403, 404},
	"/settings/peers":                   {401, 403, 403, 403, 400},
}

// fill puts something that exists into the path of a route: o, or the series
// that is its context.
func fill(path string, o *federation.Object) string {
	return strings.NewReplacer(
		"{$}", "", "{handle}", "@amap", "{name}", "amap", "{collection}", "followers", "{tag}", "amap",
		"/objects/{id}", strings.TrimPrefix(string(o.ID), origin), "/activities/{id}", "/activities/none", "/exchanges/{id}", "/exchanges/none",
		"/series/{id}", strings.TrimPrefix(o.Context, origin), "{account}", "9999", "{step}", "who",
	).Replace(path)
}

func TestEveryRouteForEveryRole(t *testing.T) {
	each(t, func(t *testing.T, i *instance) {
		made := i.as("admin").post("/publish/offer", offer()).wants(t, 303)
		id := strings.TrimSuffix(made.Header.Get("Location"), "?done=published")
		_, series := i.series(distributions())
		o := &federation.Object{ID: federation.IRI(origin + id), Context: origin + series}
		for n, who := range visitors {
			for _, r := range routes() {
				if r.get != nil {
					status, ok := expected[r.path]
					if !ok {
						status, ok = settingsExpected[r.path]
					}
					if got := i.as(who).get(fill(r.path, o)); !ok || got.StatusCode != status[n] {
						t.Errorf("GET %s as %q: %d, want %d\n%s", r.path, who, got.StatusCode, status[n], cut(got.body, 600))
					} else if got.StatusCode == http.StatusOK && strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
						sound(t, r.path+" as "+who, got.body)
					}
				}
			}
		}
		for _, r := range routes() { // what deletes comes last
			if r.post == nil || r.path == "/objects/{id}/delete" {
				continue
			}
			i.tryPost(t, r.path, o)
		}
		i.tryPost(t, "/objects/{id}/delete", o)
		if i.log.Len() > 0 {
			t.Errorf("logged: %s", i.log)
		}
	})
}

func (i *instance) tryPost(t *testing.T, path string, o *federation.Object) {
	t.Helper()
	status, ok := posted[path]
	if !ok {
		status, ok = settingsPosted[path]
	}
	for n, who := range visitors {
		i.pass(10 * time.Minute) // nobody tried too often
		if got := i.as(who).post(fill(path, o), url.Values{}); !ok || got.StatusCode != status[n] {
			t.Errorf("POST %s as %q: %d, want %d\n%s", path, who, got.StatusCode, status[n], cut(got.body, 600))
		}
	}
}

func TestWhatEveryAnswerSays(t *testing.T) {
	i := lone(t)
	for _, path := range []string{"/", "/offers", "/nothing/here", "/sign-in", "/static/none.css", "/media/none", "/robots.txt"} {
		h := i.as("").get(path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
	}
	if h := i.as("member").get("/").Header; h.Get("Cache-Control") != "private, no-store" || !strings.Contains(h.Get("Vary"), "Cookie") {
		t.Errorf("what is personal may be kept: %v", h)
	}
	page := i.as("").get("/")
	sheet := regexp.MustCompile(`/static/site-[0-9a-f]+\.css`).FindString(page.body)
	css := i.as("").get(sheet).wants(t, 200, ":focus-visible")
	if !strings.Contains(css.Header.Get("Cache-Control"), "immutable") || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("the style sheet: %v", css.Header)
	}
	i.as("").get("/nothing/here").wants(t, 404, "Page introuvable", `href="/search"`)
	i.as("").get("/nothing").wants(t, 404, "Page introuvable")
}

// sound checks that a page is complete, inert and usable without seeing it.
func sound(t *testing.T, name, body string) {
	t.Helper()
	inert(t, name, body)
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	ids, labelled, headings := map[string]int{}, map[string]bool{}, 0
	walk(doc, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
		if n.Data == "h1" {
			headings++
		}
	})
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: %d elements with the id %q", name, n, id)
		}
	}
	if headings != 1 {
		t.Errorf("%s: %d main headings", name, headings)
	}
	if strings.Contains(body, "no value") || regexp.MustCompile(`>(page|form|nav|error)_\w+<`).MatchString(body) {
		t.Errorf("%s: a message is missing in\n%s", name, body)
	}
	walk(doc, func(n *html.Node) {
		switch n.Data {
		case "input", "select", "textarea":
			if k := attr(n, "type"); k != "hidden" && !labelled[attr(n, "id")] && n.Parent.Data != "label" {
				t.Errorf("%s: %s %q has no label", name, n.Data, attr(n, "name"))
			}
		case "html":
			if attr(n, "lang") == "" {
				t.Errorf("%s: no language", name)
			}
		case "img":
			if !has(n, "alt") {
				t.Errorf("%s: a picture without alt", name)
			}
		}
		for id := range strings.FieldsSeq(attr(n, "aria-describedby") + " " + attr(n, "aria-labelledby")) {
			if ids[id] == 0 {
				t.Errorf("%s: %s refers to %q, which is not there", name, n.Data, id)
			}
		}
	})
}

// inert checks that nothing in a page runs, or loads anything foreign.
func inert(t *testing.T, name, body string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(body))
	must(t, err)
	walk(doc, func(n *html.Node) {
		switch n.Data {
		case "script":
			if attr(n, "type") != "module" || !strings.HasPrefix(attr(n, "src"), "/static/") || n.FirstChild != nil {
				t.Errorf("%s: there is a <script>", name)
			}
		case "iframe": // an example of an embed, which is ours
			if !strings.HasPrefix(attr(n, "src"), "/embed/") {
				t.Errorf("%s: there is an <iframe src=%q>", name, attr(n, "src"))
			}
		case "object", "embed", "base", "style", "math", "video", "audio", "applet", "frame", "foreignobject", "animate", "set":
			t.Errorf("%s: there is a <%s>", name, n.Data)
		case "svg": // our templates draw icons, bars and maps; people's texts hold none
			for p := n.Parent; p != nil; p = p.Parent {
				if class := strings.Fields(attr(p, "class")); slices.Contains(class, "content") || slices.Contains(class, "summary") || slices.Contains(class, "excerpt") {
					t.Errorf("%s: there is an <svg> in somebody's text", name)
				}
			}
		}
		for _, a := range n.Attr {
			v := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
			case a.Key == "src" || a.Key == "srcset" || n.Data == "link" && attr(n, "rel") == "stylesheet" && a.Key == "href":
				if !strings.HasPrefix(v, "/media/") && !strings.HasPrefix(v, "/static/") && n.Data != "iframe" {
					t.Errorf("%s: <%s> loads %q", name, n.Data, a.Val)
				}
			case a.Key == "href" || a.Key == "action" || a.Key == "formaction":
				if !strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "#") && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "?") && !strings.HasPrefix(v, "webcal://amap.example/") {
					t.Errorf("%s: <%s> leads to %q", name, n.Data, a.Val)
				}
			}
		}
	})
	if bytes.ContainsAny([]byte(body), "\x00\u202e\u2066") {
		t.Errorf("%s: signs that turn text around", name)
	}
}

func walk(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
