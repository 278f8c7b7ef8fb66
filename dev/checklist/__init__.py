"""`make checklist`: the manual checklist of docs/checklist.md, run by the tests that it names."""
