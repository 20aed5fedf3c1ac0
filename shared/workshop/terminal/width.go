package terminal

import "github.com/mattn/go-runewidth"

// measure returns the rules for the width of text: 思 takes two columns, a combining
// accent none. Ambiguous characters such as the bars count as narrow, as they are outside
// of East Asian fonts.
func measure() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

// columnsOf returns how many columns text takes.
func columnsOf(s string) int { return measure().StringWidth(s) }

// pad makes text exactly as wide as given.
func pad(s string, width int) string { return measure().FillRight(shorten(s, width), width) }

// shorten makes text at most as wide as given.
func shorten(s string, width int) string { return measure().Truncate(s, max(0, width), "…") }
