package app

// HostOf is the command line beside a server that runs in a test, with its clock and its carriers.
func HostOf(a *App) *Host { return &Host{app: a} }
