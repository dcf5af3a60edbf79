-- Run once by the postgres image, on an empty data folder: where Metabase keeps its own things.
CREATE DATABASE metabase;
