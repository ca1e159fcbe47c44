// Package docs carries these pages in the program, so that the help centre can show them.
package docs

import "embed"

// Pages are the pages of this folder and of decisions, by their paths in it.
//
//go:embed *.md decisions/*.md
var Pages embed.FS
