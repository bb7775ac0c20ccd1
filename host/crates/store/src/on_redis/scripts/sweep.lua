-- sweep: most entries → how many were swept.
return sweep(ARGV[2])
