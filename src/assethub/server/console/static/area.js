// On a narrow screen the navigation scrolls sideways: where one is comes into sight.
const here = document.querySelector(".area-nav [aria-current]"), row = here?.closest("nav");
if (row) row.scrollLeft = here.offsetLeft - row.clientWidth / 2 + here.offsetWidth / 2;
