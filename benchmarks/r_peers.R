# Runs one method of a package of R when it is told to: see r_peers.py, which starts this and holds the other end.
#
# Rscript r_peers.R METHOD FOLDER: loads the package and the data in the folder, says "ready", and waits for a line. Then
# it runs, says "done", waits for another line, and writes its answer into the folder.

arguments <- commandArgs(trailingOnly = TRUE)
method <- arguments[1]
folder <- arguments[2]
input <- file("stdin", "r")

read_numbers <- function(name) {
  path <- file.path(folder, name)
  readBin(path, "double", n = file.size(path) / 8)
}

say <- function(word) {
  cat(word, "\n", sep = "")
  flush(stdout())
}

xy <- matrix(read_numbers("points.bin"), ncol = 2, byrow = TRUE)
if (method == "st_join") {
  suppressMessages(library(sf))
  points <- st_as_sf(data.frame(x = xy[, 1], y = xy[, 2]), coords = c("x", "y"), crs = 27700)
  wards <- st_read(file.path(folder, "wards.gpkg"), quiet = TRUE)["ward_code"]
  run <- function() st_join(points, wards, join = st_intersects)$ward_code
  write <- function(found) {
    found[is.na(found)] <- ""
    writeLines(found, file.path(folder, "answer.txt"))
  }
} else {
  suppressMessages(library(spatstat.explore))
  grid <- read_numbers("grid.bin") # west, south, east, north, rows, columns, standard deviation of the kernel
  window <- spatstat.geom::owin(grid[c(1, 3)], grid[c(2, 4)])
  points <- suppressWarnings(spatstat.geom::ppp(xy[, 1], xy[, 2], window = window))
  run <- function() {
    density(points, sigma = grid[7], kernel = method, edge = FALSE, dimyx = grid[5:6])
  }
  write <- function(found) writeBin(c(dim(found$v), as.vector(t(found$v))), file.path(folder, "answer.bin"))
}
say("ready")
invisible(readLines(input, 1))
found <- run()
say("done")
invisible(readLines(input, 1))
write(found)
