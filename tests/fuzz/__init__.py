"""Every surface that takes what others wrote, given what nobody would write.

| module | what is in it |
| --- | --- |
| `surface` | one of them: what must hold of any bytes, real ones, and how these are changed |
| `mutation` | changes that keep most of a form; over it `lines` (texts), `trees` (JSON), `chunks` |
| `bounds` | what an input may cost: processor time, memory |
| `jobs`, `workflows`, `media`, `comfy`, `folders` | the surfaces |
| `ours`, `settings`, `words`, `web` | more of them |
| `surfaces` | all of them, by name |
| `corpus/SURFACE/` | inputs that found something, each once; `test_surfaces` tries them again |
| `test_surfaces` | hypothesis: a few hundred inputs for each surface, always the same |
| `test_lifecycle` | hypothesis: the queue, whatever is done to it in whatever order |
| `guided` | atheris: as many inputs as there is time for, led by what they reach (`script/fuzz`) |
"""
