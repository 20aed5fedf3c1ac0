# Shortens the output of go test -v: one line for each package, each skipped test with
# its reason, and the whole output of a failed package. If CI is set, a skipped test
# fails the run.
{ said[++lines] = $0 }
/^ *--- SKIP/ { skipped[++skips] = $3; reason[skips] = last }
/^ .*_test\.go:[0-9]+: / { last = $0; sub(/^.*_test\.go:[0-9]+: /, "", last) }
/^(ok|FAIL|\?) *\t/ || /^FAIL$/ {
	if ($1 == "FAIL") for (i = 1; i <= lines; i++) print said[i]
	else if ($0 !~ /no test files/) print
	for (i = 1; i <= skips; i++) print "    skipped " skipped[i] ": " reason[i]
	left += skips
	lines = skips = 0
	fflush()
}
END {
	for (i = 1; i <= lines; i++) print said[i]
	if (left > 0 && ENVIRON["CI"] != "") {
		print "FAIL: " left " skipped. In CI, no test may be skipped"
		exit 1
	}
}
