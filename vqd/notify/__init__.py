"""Telling people elsewhere what became of a job: the ways there are to do so."""
