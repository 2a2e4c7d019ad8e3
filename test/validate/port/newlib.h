/* What newlib's configure would write: nothing that its string functions ask for. */
