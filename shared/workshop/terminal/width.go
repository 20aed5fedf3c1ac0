package terminal

import "github.com/mattn/go-runewidth"

// measure tells how wide text stands in a terminal: 思 takes two columns, an
// accent that is a character of its own none. What may be narrow or wide, as the
// bars, is taken for narrow, which it is outside of East Asian fonts.
func measure() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

// columnsOf is how many columns text takes.
func columnsOf(s string) int { return measure().StringWidth(s) }

// pad makes text take so many columns, no more and no less.
func pad(s string, width int) string { return measure().FillRight(shorten(s, width), width) }

// shorten makes text take no more than so many columns.
func shorten(s string, width int) string { return measure().Truncate(s, max(0, width), "…") }
