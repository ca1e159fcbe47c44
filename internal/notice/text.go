package notice

// text is the words of a texted code. The code comes first, since that is what a locked
// phone shows; the last line binds it to the sign-in's own host, so that a browser fills it
// in there and nowhere else (WICG, origin-bound one-time codes). It is always one segment:
// the company's name gives way, since a code that comes in two halves is not read.
func (c *Composer) text(to reader, code Code) string {
	digits := code.Code.Reveal()
	bound := "\n\n@" + c.Host + " #" + digits
	until := to.say.Minute(code.Until, to.Zone())
	named := func(name string) string {
		return to.say.T("text.code", "code", digits, "company", name, "time", until) + bound
	}
	var tries []string
	for _, name := range []string{to.company.Name, c.ProductName} {
		if name, ok := plain(name); ok {
			rest, _ := septets(named(""))
			if name = shorten(name, segment-rest); name != "" {
				tries = append(tries, named(name))
			}
		}
	}
	unnamed := to.say.T("text.code-only", "code", digits, "time", until)
	for _, s := range append(tries, unnamed+bound, digits+bound, unnamed) {
		if fits(s) {
			return s
		}
	}
	return digits
}
