// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

//go:embed icons/*.svg
var iconFiles embed.FS

// icons holds each icon's SVG by its name.
var icons = readIcons()

func readIcons() map[string]template.HTML {
	all := map[string]template.HTML{}
	names, err := fs.Glob(iconFiles, "icons/*.svg")
	if err != nil {
		panic(err) // a pattern in the source
	}
	for _, name := range names {
		body, err := fs.ReadFile(iconFiles, name)
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(path.Base(name), ".svg")] = template.HTML(strings.TrimSpace(string(body))) //nolint:gosec // our own file
	}
	return all
}

// icon returns an icon for a template, hidden from screen readers: the words
// beside it say the same. It is part of the page, so that it takes the colour
// of the text and no request.
func icon(name string) (template.HTML, error) {
	svg, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("icon %q is not in web/icons", name)
	}
	return svg, nil
}
