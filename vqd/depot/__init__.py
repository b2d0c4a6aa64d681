"""The depot: a store of files that daemons share whose spools do not reach one another."""
