// SPDX-License-Identifier: AGPL-3.0-or-later

package catalogue

import (
	"bytes"
	"encoding/json"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
)

// A catalogue of the Data Food Consortium is a graph: products, what of them is
// in a catalogue, offers of that, prices. Programs write it in several ways:
// with the prefix dfc-b: or whole names, nodes within others or apart, numbers
// as numbers or as strings. All are read; nothing is fetched.

// A node is a thing of the graph, by the last part of its properties' names.
type node map[string]any

// A graph is all things of a document.
type graph struct {
	byID  map[string]node
	order []node
	depth int
}

const maxDepth = 12

func readDFC(body []byte) (*List, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, wrong("error_list_json")
	}
	g := &graph{byID: map[string]node{}}
	g.take(doc)
	l := &List{Kind: KindDFC, Header: []string{"@id", "name"}}
	items := g.items()
	for _, n := range g.order {
		if !n.is("SuppliedProduct") && !n.is("TechnicalProduct") {
			continue
		}
		if len(l.Rows) == MaxRows {
			l.More++
			continue
		}
		l.Rows = append(l.Rows, g.row(len(l.Rows)+1, n, items[n.id()]))
	}
	if len(l.Rows) == 0 {
		return nil, wrong("error_list_dfc")
	}
	l.repeated()
	return l, nil
}

// take reads a value, and the things within it.
func (g *graph) take(v any) any {
	if g.depth++; g.depth > maxDepth {
		g.depth--
		return nil
	}
	defer func() { g.depth-- }()
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = g.take(v[i])
		}
	case map[string]any:
		if value, ok := v["@value"]; ok {
			return value
		}
		n := node{}
		for name, value := range v {
			if name != "@context" {
				n[last(name)] = g.take(value)
			}
		}
		return g.keep(n)
	}
	return v
}

// keep notes a thing; of one that is told of in several places, all is known.
func (g *graph) keep(n node) node {
	id := n.id()
	old := g.byID[id]
	if id == "" || old == nil {
		if id != "" {
			g.byID[id] = n
		}
		if len(n) > 1 || id == "" {
			g.order = append(g.order, n)
		}
		return n
	}
	if len(old) == 1 && len(n) > 1 {
		g.order = append(g.order, old)
	}
	for name, value := range n {
		old[name] = value
	}
	return old
}

// last is the end of a name: "dfc-b:name" and ".../DFC_BusinessOntology.owl#name"
// are both name.
func last(name string) string {
	if i := strings.LastIndexAny(name, "#:/"); i >= 0 {
		return name[i+1:]
	}
	return name
}

func (n node) id() string {
	id, _ := n["@id"].(string)
	return id
}

func (n node) is(kind string) bool {
	switch t := n["@type"].(type) {
	case string:
		return last(t) == kind
	case []any:
		for _, one := range t {
			if s, ok := one.(string); ok && last(s) == kind {
				return true
			}
		}
	}
	return false
}

// text returns a property as text: of several, the first.
func (n node) text(name string) string {
	v := n[name]
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case node:
		return v.id()
	}
	return ""
}

// to follows a property to the things it names.
func (g *graph) to(n node, name string) (all []node) {
	list, ok := n[name].([]any)
	if !ok {
		list = []any{n[name]}
	}
	for _, v := range list {
		switch v := v.(type) {
		case node:
			if known := g.byID[v.id()]; known != nil {
				v = known
			}
			all = append(all, v)
		case string:
			if known := g.byID[v]; known != nil {
				all = append(all, known)
			}
		}
	}
	return all
}

// A sale is what a catalogue says of a product.
type sale struct{ item, price node }

// items finds what is said of each product: the links lead either way.
func (g *graph) items() map[string]sale {
	offers, items := map[string]node{}, map[string]node{} // by the item, by the product
	for _, n := range g.order {
		for _, name := range []string{"offers", "offeredItem"} {
			for _, item := range g.to(n, name) {
				offers[item.id()] = n
			}
		}
		for _, product := range g.to(n, "references") {
			items[product.id()] = n
		}
	}
	all := map[string]sale{}
	for _, n := range g.order {
		item := items[n.id()]
		if list := g.to(n, "referencedBy"); len(list) > 0 {
			item = list[0]
		}
		if item == nil {
			continue
		}
		s := sale{item: item}
		offer := offers[item.id()]
		if list := g.to(item, "offeredThrough"); len(list) > 0 {
			offer = list[0]
		}
		if list := g.to(offer, "hasPrice"); len(list) > 0 {
			s.price = list[0]
		}
		all[n.id()] = s
	}
	return all
}

// row reads a product.
func (g *graph) row(number int, n node, s sale) *Row {
	r := &Row{Line: number, Reference: n.id(), fields: map[string]string{"kind": federation.PurposeOffer, "category": "alimentation"}}
	if sku := s.item.text("sku"); sku != "" {
		r.Reference = sku
	}
	if strings.HasPrefix(r.Reference, "_:") {
		r.Reference = "" // another one each time
	}
	r.fields["title"] = clean(n.text("name"))
	r.fields["description"] = vocab.Text(n.text("description"))
	r.Cells = []string{n.id(), r.fields["title"]}
	r.stock(s.item.text("stockLimitation"))
	var amount, unit string
	if list := g.to(n, "hasQuantity"); len(list) > 0 {
		amount, unit = list[0].text("value"), last(list[0].text("hasUnit"))
	}
	r.pack(amount, unit, "")
	if s.price != nil {
		r.price(map[string]string{"price": s.price.text("value"), "currency": last(s.price.text("hasUnit"))})
	}
	if t := last(n.text("hasType")); t != "" {
		r.fields["tags"] = "#" + titled(t)
	}
	return r
}

// stock reads what is left; less than nothing is no limit.
func (r *Row) stock(value string) {
	if strings.HasPrefix(value, "-") {
		value = ""
	}
	r.fields["available"] = value
}
