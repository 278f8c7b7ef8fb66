"""`make licences`: docs/licences.md, the licence of every package that is deployed, as each says it itself."""
