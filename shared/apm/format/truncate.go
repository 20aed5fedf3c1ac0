package format

import "unicode/utf8"

// Truncate returns the start of text: at most limit bytes, and whole characters only.
func Truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[:limit]
	for len(text) > 0 {
		if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size > 1 {
			break
		}
		text = text[:len(text)-1]
	}
	return text
}

// Shorten is Truncate with … in place of what is missing.
func Shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return Truncate(text, limit) + "…"
}
