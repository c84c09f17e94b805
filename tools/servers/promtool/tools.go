//go:build tools

// Package promtool names what is built here, so that its module file is complete.
package promtool

import _ "github.com/prometheus/prometheus/cmd/promtool"
