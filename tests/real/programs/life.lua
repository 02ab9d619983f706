-- Conway's game of life on a torus; the population of every tenth generation.
local size, generations = 96, tonumber(arg[1])
io.stdout:setvbuf("line")
local cells, state = {}, 1
for i = 0, size * size - 1 do
  state = (state * 48271) % 2147483647
  cells[i] = state % 3 == 0 and 1 or 0
end
for generation = 1, generations do
  local following, population = {}, 0
  for y = 0, size - 1 do
    for x = 0, size - 1 do
      local sum = 0
      for dy = -1, 1 do
        for dx = -1, 1 do
          if dx ~= 0 or dy ~= 0 then
            sum = sum + cells[(y + dy) % size * size + (x + dx) % size]
          end
        end
      end
      local at = y * size + x
      following[at] = (sum == 3 or (sum == 2 and cells[at] == 1)) and 1 or 0
      population = population + following[at]
    end
  end
  cells = following
  if generation % 10 == 0 then print(generation, population) end
end
