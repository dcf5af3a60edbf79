// Run once by the mongo image, on an empty data folder: who may do what.
const desk = "jtrader";
const admin = db.getSiblingDB("admin");
admin.createUser({ user: desk, pwd: process.env.DESK_PASSWORD, roles: [{ role: "readWrite", db: desk }] });
